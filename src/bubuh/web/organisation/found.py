"""`/organisasi/baru`: found an organisation."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.ids import founded_account_id
from bubuh.edge.guards import SignedIn
from bubuh.identity.organisations.found import found
from bubuh.identity.people.refusals import NameUnfit
from bubuh.identity.people.sessions import switch_account
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/organisasi/baru", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_found(request: AnyRequest) -> Page:
    """Ask for its name."""
    return show(request, "organisation/found.html", name="")


@post("/organisasi/baru", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_found(request: AnyRequest, services: Parts) -> Page:
    """Open its account and act for it; the same form again leads to the same one."""
    form, session = await read_form(request), session_of(request)
    account_id, name = founded_account_id(session.user_id, form.key), form.text("name")
    try:
        await found(services.db, session.user_id, account_id, name=name)
    except NameUnfit as refusal:
        errors = {"name": words_of(request, refusal)}
        return show(request, "organisation/found.html", status=422, name=name, errors=errors)
    await switch_account(services.db, session, account_id)
    return go_to(request, "/organisasi")


HANDLERS: Final = [get_found, post_found]
