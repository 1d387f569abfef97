"""The OpenAPI 3.1 document, made from the handlers: their paths, guards, docstrings and what they tell."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from litestar import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from bubuh.core.errors import Refusal
from bubuh.edge import refusals
from bubuh.edge.answers import MEDIA_TYPE as PROBLEM_TYPE
from bubuh.edge.calls import JSON, Answer, Body, Call, Parameter, call_of
from bubuh.edge.door import PASS_HEADER
from bubuh.edge.guards import Guard, May, guard_of
from bubuh.edge.preferences import LONGEST_KEY, LONGEST_WAIT_S
from bubuh.edge.problems import UNAVAILABLE, UNEXPECTED, problem_of
from bubuh.edge.words import Language
from bubuh.identity.refusals import IdempotencyConflict, KeyRefused, ScopeMissing
from bubuh.waitingroom.refusals import PassNeeded, RepairFull

_REF: Final = "#/components/schemas/{name}"

_PATH_PARAMETERS: Final[Mapping[str, tuple[str, str]]] = {
    "order_id": ("An order's id.", "ord_"),
    "child_id": ("A child account of this account.", "acc_"),
    "transfer_id": ("A transfer that this account sent.", "trf_"),
    "complaint_no": ("A complaint's number.", "cmp_"),
    "document_id": ("A document's id.", "doc_"),
    "stamp_id": ("A stamp's id.", "stm_"),
    "webhook_id": ("A webhook of this account.", "whk_"),
    "serial": ("A stamp's serial number: 22 characters 0-9A-Z.", ""),
    "digest": ("SHA-256 in hex: 64 digits.", ""),
    "gateway": ("A payment gateway's name.", ""),
    "lane": ("A lane's name.", ""),
}
_IDEMPOTENCY_KEY: Final = Parameter(
    name="Idempotency-Key",
    where="header",
    required=True,
    description=(
        "Your own name for this request: visible ASCII. Repeating it with the same body shows the same "
        "resource, as it is now, with `Idempotent-Replayed: true`; with another body it is "
        "refused. It never expires."
    ),
    schema={"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
)
_PREFER: Final = Parameter(
    name="Prefer",
    where="header",
    description=f"`wait=N`: wait up to N seconds (at most {LONGEST_WAIT_S}) for the end before answering.",
    schema={"type": "string", "examples": ["wait=10"]},
)
_PASS: Final = Parameter(
    name=PASS_HEADER,
    where="header",
    description=(
        "Your pass, from `POST /v1/passes`. Needed only while a queue for programs is open; answers then "
        "bear a newer one under the same name, to be sent from then on."
    ),
    schema={"type": "string", "maxLength": 100},
)
_PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457. Some codes add facts of their own, such as `free` or `reason`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "What kind of problem, in Indonesian or English."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "code": {"type": "string", "description": "For programs; never changes."},
        "request_id": {"type": "string", "description": "Name it when you report the problem."},
        "pointer": {"type": "string", "description": "JSON Pointer to the member of the body at fault."},
    },
}
_ABOUT: Final = """\
Quota, orders, documents, stamps and verification.

Send `Authorization: Bearer KEY`. Problems are `application/problem+json` with a `code` for programs and words
for people, Indonesian unless `Accept-Language` asks for English. Every answer has `X-Request-Id`; `RateLimit`
headers tell what is left of your allowance.

While many come at once a queue may be open for programs. What buys or stamps is then refused with 429 and
`pass_needed`: take a turn with `POST /v1/turns`, wait until it is called, turn it into a pass with
`POST /v1/passes`, and send that in `Bubuh-Pass`. What is under way needs no pass.

What becomes of orders, refunds and stamps is told to your webhooks, signed, and stands in `GET /v1/events`.

Times are RFC 3339 in UTC, money is whole rupiah, lengths are PDF
points.
"""


def describe(routes: Iterable[BaseRoute], *, public_url: str, version: str) -> dict[str, Any]:
    """The document for all handlers that tell of themselves."""
    calls = list(_calls(routes))
    shapes = {body.shape for _, _, _, call in calls for body in _bodies(call) if body.shape is not None}
    _, schemas = msgspec.json.schema_components(sorted(shapes, key=lambda s: s.__name__), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, method, handler, call in sorted(calls, key=lambda found: (found[0], found[1])):
        paths[path][method.lower()] = _operation(path, handler, call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bubuh",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": tag} for tag in sorted({call.tag for *_, call in calls})],
        "paths": dict(paths),
        "components": {
            "schemas": {**schemas, "Problem": dict(_PROBLEM_SCHEMA)},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `bbh_test_…` or `bbh_live_…`.",
                }
            },
        },
    }


def _calls(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str, HTTPRouteHandler, Call]]:
    for route in routes:
        if isinstance(route, HTTPRoute):
            path = route.path_format
            for handler in route.route_handlers:
                if (call := call_of(handler)) is not None:
                    for method in handler.http_methods - {HttpMethod.OPTIONS, HttpMethod.HEAD}:
                        yield path, str(HttpMethod(method).value), handler, call


def _operation(path: str, handler: HTTPRouteHandler, call: Call) -> dict[str, Any]:
    guard = guard_of(handler)
    operation: dict[str, Any] = {
        "operationId": handler.handler_name,
        "tags": [call.tag],
        "summary": call.summary,
        "x-summary-id": call.summary_id,
        "description": inspect.getdoc(handler.fn) or "",
        "parameters": [_parameter(parameter) for parameter in _parameters(path, call, guard)],
        "responses": {str(status): _answer(answer, guard) for status, answer in call.answers.items()},
        "security": [{"key": [str(scope)]} for scope in guard.scopes] if isinstance(guard, May) else [],
    }
    if call.body is not None:
        operation["requestBody"] = {"required": not call.body.optional, "content": _content(call.body)}
    for status, kinds in sorted(_problems(path, handler, call).items()):
        operation["responses"][str(status)] = _problem_answer(status, kinds)
    for status, problem, codes in ((500, UNEXPECTED, ["internal_error"]), (503, UNAVAILABLE, [])):
        operation["responses"][str(status)] = _problem_body(problem.title.en, codes)
    return operation


def _problems(path: str, handler: HTTPRouteHandler, call: Call) -> dict[int, list[type[Refusal]]]:
    """What a call of this kind may be refused for, by status."""
    kinds: list[type[Refusal]] = [refusals.RateLimited, refusals.Unacceptable, *call.refusals]
    guard = guard_of(handler)
    if isinstance(guard, May):
        kinds += [KeyRefused, ScopeMissing, *([PassNeeded, RepairFull] if guard.errand else [])]
    if call.creates:
        kinds += [refusals.IdempotencyKeyRequired, IdempotencyConflict]
    if call.body is not None:
        kinds += [refusals.BodyTooLarge, refusals.BodyTooSlow, refusals.MediaTypeUnsupported]
        if call.body.media_type == JSON:
            kinds += [refusals.UnreadableRequest, refusals.InvalidRequest]
    if call.parameters:
        kinds.append(refusals.UnreadableRequest)
    if "{" in path:
        kinds.append(refusals.RouteUnknown)
    found: dict[int, list[type[Refusal]]] = defaultdict(list)
    for kind in kinds:
        found[problem_of(kind).status].append(kind)
    return found


def _parameters(path: str, call: Call, guard: Guard) -> Iterable[Parameter]:
    for name in re.findall(r"\{(\w+)\}", path):
        says, prefix = _PATH_PARAMETERS[name]
        schema = {"type": "string", "minLength": 1, **({"pattern": f"^{prefix}"} if prefix else {})}
        yield Parameter(name=name, where="path", required=True, description=says, schema=schema)
    yield from call.parameters
    if call.creates:
        yield _IDEMPOTENCY_KEY
    if call.waits:
        yield _PREFER
    if isinstance(guard, May) and guard.errand:
        yield _PASS


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _answer(answer: Answer, guard: Guard) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.says}
    if answer.body is not None:
        told["content"] = _content(answer.body)
    headers = dict(answer.headers)
    if isinstance(guard, May) and guard.errand:
        headers[PASS_HEADER] = "A newer pass, while a queue for programs is open."
    if headers:
        told["headers"] = {
            name: {"description": says, "schema": {"type": "string"}} for name, says in headers.items()
        }
    return told


def _content(body: Body) -> dict[str, Any]:
    if body.shape is None:
        return {body.media_type: {}}
    content: dict[str, Any] = {"schema": {"$ref": _REF.format(name=body.shape.__name__)}}
    if body.example is not None:
        content["example"] = body.example
    return {body.media_type: content}


def _problem_answer(status: int, kinds: Iterable[type[Refusal]]) -> dict[str, Any]:
    ordered = list(dict.fromkeys(kinds))
    titles = dict.fromkeys(problem_of(kind).title.said(Language.EN) for kind in ordered)
    codes = list(dict.fromkeys(kind.code for kind in ordered))
    answer = _problem_body("; ".join(titles), codes)
    if status in {401, 429}:
        name = "WWW-Authenticate" if status == 401 else "Retry-After"
        answer["headers"] = {name: {"schema": {"type": "string"}}}
    return answer


def _problem_body(says: str, codes: list[str]) -> dict[str, Any]:
    named = f" Codes: {', '.join(f'`{code}`' for code in codes)}." if codes else ""
    return {
        "description": f"{says}.{named}",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _bodies(call: Call) -> Iterable[Body]:
    if call.body is not None:
        yield call.body
    yield from (answer.body for answer in call.answers.values() if answer.body is not None)
