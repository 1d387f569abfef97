"""`/undangan`: type the code of an invitation, see whose it is, and join."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.edge.guards import SignedIn, limit
from bubuh.identity.organisations.join import find_invited, join
from bubuh.identity.organisations.refusals import AlreadyMember, InvitationRefused
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/undangan", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_invitation(request: AnyRequest) -> Page:
    """Ask for the code."""
    return show(request, "organisation/code.html", code="")


@post("/undangan", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_invitation(request: AnyRequest, services: Parts) -> Page:
    """Say which organisation it is, before anybody joins."""
    form = await read_form(request)
    limit(request, "codes", f"invitation {session_of(request).user_id}")
    code = form.text("code", most=40)
    try:
        invited = await find_invited(services.db, code, key=services.person_key)
    except InvitationRefused as refusal:
        errors = {"code": words_of(request, refusal)}
        return show(request, "organisation/code.html", status=422, code=code, errors=errors)
    return show(request, "organisation/join.html", invited=invited, code=code)


@post("/undangan/terima", guards=[SignedIn()], media_type=MediaType.HTML, status_code=200)
async def post_join(request: AnyRequest, services: Parts) -> Page:
    """Join it. One goes on acting for the same account until one changes it."""
    form, user_id = await read_form(request), session_of(request).user_id
    limit(request, "codes", f"invitation {user_id}")
    code = form.text("code", most=40)
    try:
        joined = await join(services.db, user_id, code, key=services.person_key)
    except (InvitationRefused, AlreadyMember) as refusal:
        errors = {"code": words_of(request, refusal)}
        return show(request, "organisation/code.html", status=422, code=code, errors=errors)
    return show(request, "organisation/joined.html", joined=joined)


HANDLERS: Final = [get_invitation, post_invitation, post_join]
