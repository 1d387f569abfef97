"""The API page: the OpenAPI document and the table of problems, put into words for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bubuh.edge.problems import PROBLEMS, UNAVAILABLE, UNEXPECTED, Problem
from bubuh.edge.reasons import DOCUMENT_REASONS
from bubuh.edge.words import Language
from bubuh.web.files import render

Document = Mapping[str, Any]

_PROBLEM_TYPE: Final = "application/problem+json"


def reference_page(document: Document, language: Language, *, status_url: str | None) -> bytes:
    """The page in `language`."""
    facts: dict[str, Any] = {
        "here": "/docs",
        "session": None,
        "level": 0,
        "is_test": False,
        "status_url": status_url,
        "errors": {},
        "calls": [
            _call(document, path, method, operation, language)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ],
        "problems": list(_problems(language)),
        "reasons": [
            {"code": str(code), "words": words.said(language)} for code, words in DOCUMENT_REASONS.items()
        ],
    }
    return render("docs.html", facts, language)


def _call(
    document: Document, path: str, method: str, operation: Document, language: Language
) -> dict[str, Any]:
    scopes = [scope for wanted in operation["security"] for scope in wanted["key"]]
    return {
        "anchor": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["x-summary-id" if language is Language.ID else "summary"],
        "scope": ", ".join(scopes),
        "description": operation["description"],
        "parameters": operation["parameters"],
        "body": _body(document, operation.get("requestBody")),
        "answers": [
            {"status": status, "description": answer["description"]}
            for status, answer in sorted(operation["responses"].items())
        ],
        "example": _first_example(operation["responses"]),
    }


def _body(document: Document, body: Document | None) -> dict[str, Any] | None:
    if body is None:
        return None
    media_type, content = next(iter(body["content"].items()))
    return {
        "media_type": media_type,
        "example": _shown(content.get("example")),
        "fields": list(_fields(document, content.get("schema"))),
    }


def _fields(document: Document, schema: Document | None) -> Iterable[dict[str, Any]]:
    if schema is None:
        return
    found = _resolved(document, schema)
    for name, field in found.get("properties", {}).items():
        yield {
            "name": name,
            "required": name in found.get("required", ()),
            "kind": _kind(_resolved(document, field)),
            "description": field.get("description", ""),
        }


def _resolved(document: Document, schema: Document) -> Document:
    if "$ref" not in schema:
        return schema
    return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def _kind(schema: Document) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    limits = [
        f"{sign} {schema[name]:g}"
        for name, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "≤"))
        if name in schema
    ]
    return " ".join([str(schema.get("format", schema.get("type", ""))), *limits])


def _first_example(responses: Document) -> str:
    for answer in responses.values():
        for media_type, content in answer.get("content", {}).items():
            if media_type != _PROBLEM_TYPE and "example" in content:
                return _shown(content["example"])
    return ""


def _shown(example: object) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _problems(language: Language) -> Iterable[dict[str, Any]]:
    """Each code once: of rows that share one, the first."""
    rows: dict[str, Problem] = {}
    for refusal, problem in PROBLEMS.items():
        rows.setdefault(refusal.code, problem)
    rows |= {"internal_error": UNEXPECTED, "…_unavailable": UNAVAILABLE}
    for code, problem in sorted(rows.items()):
        words = problem.title.said(language), problem.detail.said(language)
        yield {"code": code, "status": problem.status, "title": words[0], "detail": words[1]}
