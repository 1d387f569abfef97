"""`/bantuan/…`: the machine looks at a stamp, order or refund; then, if need be, a complaint."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.complaints.look import look
from bubuh.complaints.model import MOST_LETTERS, Subject, SubjectKind, WantedComplaint, read_subject
from bubuh.complaints.open import open_complaint
from bubuh.complaints.refusals import ComplaintUnexplained, TooManyComplaints
from bubuh.core.ids import derived_id
from bubuh.edge.findings import said_of
from bubuh.edge.guards import SignedIn
from bubuh.edge.looking import eyes_of
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, language_here, session_of, show

AnyRequest = Request[Any, Any, Any]
ROUTE: Final = "POST /bantuan"


@get("/bantuan/{subject:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_look(request: AnyRequest, subject: FromPath[str], services: Parts) -> Page:
    """What is the matter, and what was done about it already."""
    return await _show(request, services, read_subject(subject))


@post("/bantuan/{subject:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_complaint(request: AnyRequest, subject: FromPath[str], services: Parts) -> Page:
    """Open a complaint with all that the machine sees now; the same form again leads to the same one."""
    form, about, session = await read_form(request), read_subject(subject), session_of(request)
    text = form.text("words", most=MOST_LETTERS + 1)
    try:
        complaint, _ = await open_complaint(
            services.db,
            WantedComplaint(subject=about, words=text),
            complaint_id=derived_id(session.account_id, ROUTE, form.key),
            account_id=session.account_id,
            findings=await look(eyes_of(services), session.account_id, about),
            actor=session.principal.actor,
            key=services.person_key,
        )
    except (ComplaintUnexplained, TooManyComplaints) as refusal:
        return await _show(request, services, about, text=text, errors={"words": words_of(request, refusal)})
    return go_to(request, f"/pengaduan/{complaint.no}")


HANDLERS: Final = [get_look, post_complaint]


async def _show(
    request: AnyRequest,
    services: Parts,
    subject: Subject,
    *,
    text: str = "",
    errors: dict[str, str] | None = None,
) -> Page:
    findings = await look(eyes_of(services), session_of(request).account_id, subject)
    return show(
        request,
        "help/look.html",
        status=422 if errors else 200,
        about=subject.show(),
        findings=[said_of(each, language_here(request)) for each in findings],
        back=None if subject.kind is SubjectKind.REFUND else f"/{_PLACES[subject.kind]}/{subject.show()}",
        text=text,
        most=MOST_LETTERS,
        errors=errors or {},
    )


_PLACES: Final = {SubjectKind.STAMP: "meterai", SubjectKind.ORDER: "pesanan"}
