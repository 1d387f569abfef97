"""What a reader is shown when a page cannot be: the same problems as the API's, in a page, with a way on."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from bubuh.core.errors import Fault, Refusal
from bubuh.edge import metrics
from bubuh.edge.answers import answer_fault, answer_http, answer_mistake, answer_refusal, retry_after, wait_s
from bubuh.edge.exchange import exchange_of
from bubuh.edge.problems import NOT_FOUND, PROBLEMS, UNEXPECTED, Problem, problem_of
from bubuh.edge.reasons import DOCUMENT_REASONS
from bubuh.edge.refusals import BodyTooLarge, BodyTooSlow, MethodNotAllowed, Unacceptable
from bubuh.edge.words import Words
from bubuh.identity.people.refusals import SignInNeeded
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.waitingroom.refusals import PassNeeded
from bubuh.waitingroom.turn import TURN_LIFE_S
from bubuh.web.browser import browser_of
from bubuh.web.frame import Page, go_to, language_here, page, show

AnyRequest = Request[Any, Any, Any]
log: Final = structlog.get_logger("bubuh.web")

#: Where the API's words speak of its own ways, a page says it in a reader's.
_SAID: Final[dict[type[Refusal], Words]] = {
    IdempotencyConflict: Words(
        "Formulir ini sudah pernah dikirim dengan isi lain, dan yang pertama berlaku. Lihat hasilnya "
        "di riwayat.",
        "This form was sent before with other contents, and the first counts. See what became of it "
        "in the history.",
    ),
    BodyTooSlow: Words(
        "Kiriman terhenti terlalu lama. Periksa jaringan Anda, lalu kirim lagi. Belum ada kuota yang "
        "dipakai.",
        "Nothing arrived for too long. Check your network and send again. No quota was used.",
    ),
    BodyTooLarge: Words(
        "Kiriman ini lebih besar daripada yang diterima di sini. Kecilkan berkasnya, lalu kirim lagi.",
        "This is larger than what is taken here. Make the file smaller and send it again.",
    ),
    MethodNotAllowed: NOT_FOUND.detail,
}
_SLOW: Final = Problem(
    status=503,
    title=Words("Layanan sedang lambat atau terganggu", "The service is slow or disturbed"),
    detail=Words(
        "Kuota dan pembayaran yang sudah tercatat tidak hilang. Tunggu sebentar, lalu muat ulang halaman "
        "ini; mengirim formulir yang sama sekali lagi tidak menggandakan apa pun.",
        "Recorded quota and payments are not lost. Wait a little and load this page again; sending the same "
        "form once more doubles nothing.",
    ),
)
_MISTAKE: Final = Problem(
    status=500,
    title=UNEXPECTED.title,
    detail=Words(
        "Kesalahan ini sudah tercatat dan bukan karena Anda. Coba lagi; bila tetap terjadi, sebutkan nomor "
        "di bawah ini saat melapor.",
        "The error is recorded and is not of your making. Try again; if it stays, name the number below when "
        "you report it.",
    ),
)


def page_of_refusal(request: AnyRequest, refusal: Refusal) -> Page:
    """The rules said no. Who has to sign in first is led there, and back afterwards."""
    if isinstance(refusal, SignInNeeded) and request.headers.get("hx-request") == "true":
        return _reload(request, refusal)  # a redirect would be followed unseen, and sign-in put into a page
    if isinstance(refusal, SignInNeeded):
        return go_to(request, f"/masuk?ke={quote(request.scope['path'])}")
    if isinstance(refusal, PassNeeded):
        return page_of_queue(request, refusal)
    problem = problem_of(type(refusal))
    return _page(
        request, problem, code=refusal.code, detail=words_of(request, refusal), headers=retry_after(refusal)
    )


def _reload(request: AnyRequest, refusal: Refusal) -> Page:
    """Have a page that asked for its part load itself anew: it says then why not."""
    answer = page(request, b"", status=problem_of(type(refusal)).status, headers={"hx-refresh": "true"})
    exchange_of(request.scope).problem = refusal.code
    return answer


def page_of_queue(request: AnyRequest, refusal: PassNeeded) -> Page:
    """Lead to the waiting page; whoever enters is led back to the page they asked for."""
    services, problem = request.app.state.services, problem_of(PassNeeded)
    exchange_of(request.scope).problem = refusal.code
    metrics.PROBLEMS.labels(code=refusal.code).inc()
    answer = show(
        request,
        "room/queue.html",
        status=problem.status,
        title=problem.title.said(language_here(request)),
        gate_url=services.door.gate_url,
    )
    if request.method == "GET":
        cookies = browser_of(request).cookies
        answer.cookies.append(cookies.put(cookies.aim, request.scope["path"], max_age_s=TURN_LIFE_S))
    return answer


def words_of(request: AnyRequest, refusal: Refusal) -> str:
    """What happened and what to do, for a reader of pages."""
    problem = problem_of(type(refusal))
    words = _SAID.get(type(refusal)) or DOCUMENT_REASONS.get(
        str(refusal.details.get("reason")), problem.detail
    )
    facts = {name: refusal.details[name] for name in problem.facts if refusal.details.get(name) is not None}
    return words.said(language_here(request), facts)


def page_of_fault(request: AnyRequest, fault: Fault) -> Page:
    """Something outside us failed: come back soon."""
    log.warning("fault", request_id=exchange_of(request.scope).request_id, code=fault.code, reason=str(fault))
    return _page(request, _SLOW, code=fault.code, headers={"retry-after": str(wait_s(fault))})


def page_of_mistake(request: AnyRequest, error: Exception) -> Page:
    """Our own mistake: told to the log whole, to the reader as a number."""
    log.error("unexpected", request_id=exchange_of(request.scope).request_id, exc_info=error)
    return _page(request, _MISTAKE, code="internal_error")


def page_of_http(request: AnyRequest, error: HTTPException) -> Page:
    """What the HTTP layer refused by itself."""
    if error.status_code >= 500:
        return page_of_mistake(request, error)
    known = {413: PROBLEMS[BodyTooLarge], 400: PROBLEMS[Unacceptable]}
    return _page(request, known.get(error.status_code, NOT_FOUND), code="not_found")


def _is_for_people(request: AnyRequest) -> bool:
    """Whether whoever asks reads pages: a browser, somewhere that is not the API's."""
    path = request.scope["path"]
    is_api = path.startswith(("/v1/", "/dev/accounts", "/gateway/", "/health/", "/openapi"))
    return not is_api and "text/html" in request.headers.get("accept", "")


def _page(
    request: AnyRequest,
    problem: Problem,
    *,
    code: str,
    detail: str | None = None,
    headers: dict[str, str] | None = None,
) -> Page:
    exchange_of(request.scope).problem = code
    metrics.PROBLEMS.labels(code=code).inc()
    language = language_here(request)
    return show(
        request,
        "problem.html",
        status=problem.status,
        headers=headers,
        title=problem.title.said(language),
        detail=detail or problem.detail.said(language),
        is_ours=problem.status >= 500,
        has_cookie=browser_of(request).cookies.session in request.cookies,
    )


def answer_error(request: AnyRequest, error: Exception) -> Page:
    """A page for people, a problem for programs."""
    people = _is_for_people(request)
    match error:
        case Refusal():
            return page_of_refusal(request, error) if people else answer_refusal(request, error)
        case Fault():
            return page_of_fault(request, error) if people else answer_fault(request, error)
        case HTTPException():
            return page_of_http(request, error) if people else answer_http(request, error)
    return page_of_mistake(request, error) if people else answer_mistake(request, error)


#: Of the whole application: who asked decides how the answer looks.
EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = dict.fromkeys(
    (Refusal, Fault, HTTPException, Exception), answer_error
)
