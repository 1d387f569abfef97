"""`/pengaduan`: follow a complaint by its number, without signing in; the account's own when signed in."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.complaints.model import COMPLAINT
from bubuh.complaints.show import find_complaint, list_complaints
from bubuh.core.ids import MalformedId, read_id, show_id
from bubuh.edge.exchange import exchange_of
from bubuh.edge.findings import said_of
from bubuh.edge.guards import Visitor
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, language_here, say, show

AnyRequest = Request[Any, Any, Any]


@get("/pengaduan", guards=[Visitor()], media_type=MediaType.HTML)
async def get_complaints(request: AnyRequest, services: Parts) -> Page:
    """Ask for a number, and list the account's own."""
    return await _ask(request, services)


@post("/pengaduan", guards=[Visitor("serials")], media_type=MediaType.HTML)
async def post_number(request: AnyRequest, services: Parts) -> Page:
    """Lead to the complaint of a number, however it was written."""
    form = await read_form(request)
    text = form.text("no").replace(" ", "")
    try:
        prefix, _, letters = text.partition("_")
        wanted = read_id(COMPLAINT, f"{prefix.lower()}_{letters.upper()}")
    except MalformedId:
        wrong = say(request)("Nomor pengaduan berbentuk cmp_ dan 26 huruf atau angka.")
        return await _ask(request, services, text=text, errors={"no": wrong})
    return go_to(request, f"/pengaduan/{show_id(COMPLAINT, wanted)}")


@get("/pengaduan/{complaint_no:str}", guards=[Visitor("serials")], media_type=MediaType.HTML)
async def get_followed(request: AnyRequest, complaint_no: FromPath[str], services: Parts) -> Page:
    """How far it is, and the answer. Nothing here says whose it is, or what they wrote."""
    found = await find_complaint(services.db, read_id(COMPLAINT, complaint_no), key=services.person_key)
    session = exchange_of(request.scope).session
    is_own = session is not None and session.account_id == found.complaint.account_id
    return show(
        request,
        "help/complaint.html",
        complaint=found.complaint,
        answer=found.answer,
        words=found.words if is_own else None,
        findings=[said_of(each, language_here(request)) for each in found.complaint.findings]
        if is_own
        else [],
    )


HANDLERS: Final = [get_complaints, post_number, get_followed]


async def _ask(
    request: AnyRequest, services: Parts, *, text: str = "", errors: dict[str, str] | None = None
) -> Page:
    session = exchange_of(request.scope).session
    own = [] if session is None else await list_complaints(services.db, session.account_id)
    return show(
        request,
        "help/complaints.html",
        status=422 if errors else 200,
        complaints=own,
        no=text,
        errors=errors or {},
    )
