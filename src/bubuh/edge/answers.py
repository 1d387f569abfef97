"""How refusals, faults and mistakes are answered: `application/problem+json`. Source: RFC 9457."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import HttpMethod, Request, Response
from litestar.exceptions import HTTPException

from bubuh.core.errors import Fault, Refusal
from bubuh.edge import metrics, refusals
from bubuh.edge.comeback import SOONEST_S
from bubuh.edge.exchange import exchange_of
from bubuh.edge.problems import UNAVAILABLE, UNEXPECTED, Problem, problem_of
from bubuh.edge.reasons import DOCUMENT_REASONS
from bubuh.edge.words import Language, Words, pick_language
from bubuh.identity.refusals import KeyRefused

log: Final = structlog.get_logger("bubuh.web")

MEDIA_TYPE: Final = "application/problem+json"
_JITTER: Final = random.SystemRandom()  # so that those turned away do not come back in one wave

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]


def answer_refusal(request: AnyRequest, refusal: Refusal) -> Answer:
    """The rules said no: the row of the table, with the facts its reader may see."""
    problem = problem_of(type(refusal))
    facts = {name: refusal.details[name] for name in problem.facts if refusal.details.get(name) is not None}
    detail = DOCUMENT_REASONS.get(str(facts.get("reason")), problem.detail)
    return _answer(
        request,
        problem,
        code=refusal.code,
        detail=detail,
        facts=facts,
        pointer=refusal.pointer,
        headers=_headers_of(request, refusal),
    )


def answer_fault(request: AnyRequest, fault: Fault) -> Answer:
    """Something outside us failed: come back soon."""
    # without a traceback: in a surge many are refused at once, and saying no must stay cheap
    log.warning("fault", request_id=exchange_of(request.scope).request_id, code=fault.code, reason=str(fault))
    return _answer(request, UNAVAILABLE, code=fault.code, headers={"retry-after": str(wait_s(fault))})


def wait_s(fault: Fault) -> int:
    """When this caller may come again: not all at the same time, and some of them soon.

    Where all were sent away for at least 40 s, there was nothing to do for 40 s, and then the same crowd.
    """
    return _JITTER.randint(min(fault.retry_after_s, SOONEST_S), 2 * fault.retry_after_s)


def answer_mistake(request: AnyRequest, error: Exception) -> Answer:
    """Our own mistake: told to the log whole, to the caller not at all."""
    log.error("unexpected", request_id=exchange_of(request.scope).request_id, exc_info=error)
    return _answer(request, UNEXPECTED, code="internal_error")


def answer_http(request: AnyRequest, error: HTTPException) -> Answer:
    """What the HTTP layer refused by itself, before a handler was reached."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return answer_refusal(request, refusals.RouteUnknown())
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer = answer_refusal(request, refusals.MethodNotAllowed())
        answer.headers["allow"] = ", ".join(_allowed(request))
        return answer
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer_mistake(request, error)
    found = next(iter(error.extra), None) if isinstance(error.extra, list) else None
    if isinstance(found, Mapping):
        return answer_refusal(request, _unreadable(found))
    return answer_refusal(request, refusals.Unacceptable())


def language_of(request: AnyRequest) -> Language:
    """The language this request is answered in."""
    return pick_language(request.headers.get("accept-language"))


def _unreadable(found: Mapping[str, Any]) -> refusals.UnreadableRequest:
    """A query parameter, header or path that the framework could not decode."""
    parameter = str(found.get("key", "")) or None
    return refusals.UnreadableRequest(
        expected=str(found.get("message", "")).replace("`", ""), parameter=parameter
    )


def _allowed(request: AnyRequest) -> Iterable[str]:
    """The methods that this address takes."""
    for method in HttpMethod:
        try:
            request.app.asgi_router.handle_routing(path=request.scope["path"], method=method.value)
        except HTTPException:
            continue
        yield method.value


def _headers_of(request: AnyRequest, refusal: Refusal) -> dict[str, str]:
    if isinstance(refusal, KeyRefused):
        given = "authorization" in request.headers
        return {"www-authenticate": 'Bearer realm="bubuh"' + (', error="invalid_token"' if given else "")}
    return retry_after(refusal)


def retry_after(refusal: Refusal) -> dict[str, str]:
    """The header for whoever is turned away for a while only."""
    wait = refusal.details.get("retry_after_s")
    return {} if not isinstance(wait, int) else {"retry-after": str(wait)}


def _answer(
    request: AnyRequest,
    problem: Problem,
    *,
    code: str,
    detail: Words | None = None,
    facts: Mapping[str, object] | None = None,
    pointer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    exchange = exchange_of(request.scope)
    exchange.problem = code
    metrics.PROBLEMS.labels(code=code).inc()
    language = language_of(request)
    body = {
        "type": f"/docs#{code}",
        "title": problem.title.said(language),
        "status": problem.status,
        "detail": (detail or problem.detail).said(language, facts),
        "instance": request.scope["path"],
        "code": code,
        "request_id": exchange.request_id,
        **({} if pointer is None else {"pointer": pointer}),
        **(facts or {}),
    }
    return Response(
        content=msgspec.json.encode(body),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"content-language": str(language), "vary": "accept-language", **(headers or {})},
    )
