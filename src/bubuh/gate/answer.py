"""Answers of the gate as bare ASGI messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from bubuh.core.errors import Fault, Refusal
from bubuh.edge.problems import UNAVAILABLE, problem_of
from bubuh.edge.words import pick_language

Header = tuple[bytes, bytes]
Headers = Iterable[Header]

JSON: Final = (b"content-type", b"application/json")
HTML: Final = (b"content-type", b"text/html; charset=utf-8")
FRESH: Final = (b"cache-control", b"no-store")
_PROBLEM: Final = (b"content-type", b"application/problem+json")
_ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


async def answer(send: Any, status: int, body: bytes, headers: Headers) -> None:
    """Send one whole answer."""
    told = [*headers, *_ALWAYS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Any, refusal: Refusal, accept_language: str | None) -> None:
    """The rules said no: `application/problem+json` as everywhere. Source: RFC 9457."""
    problem = problem_of(type(refusal))
    language = pick_language(accept_language)
    facts = {name: refusal.details[name] for name in problem.facts if name in refusal.details}
    said = {
        "type": "about:blank",
        "title": problem.title.said(language),
        "status": problem.status,
        "detail": problem.detail.said(language, facts),
        "code": refusal.code,
        **facts,
    }
    wait = refusal.details.get("retry_after_s")
    more = [] if wait is None else [(b"retry-after", str(wait).encode())]
    await answer(send, problem.status, msgspec.json.encode(said), [_PROBLEM, FRESH, *more])


async def refuse_for_now(send: Any, fault: Fault, accept_language: str | None) -> None:
    """Something outside us failed: come back soon."""
    language = pick_language(accept_language)
    said = {
        "type": "about:blank",
        "title": UNAVAILABLE.title.said(language),
        "status": 503,
        "detail": UNAVAILABLE.detail.said(language),
        "code": fault.code,
    }
    wait = (b"retry-after", str(fault.retry_after_s).encode())
    await answer(send, 503, msgspec.json.encode(said), [_PROBLEM, FRESH, wait])
