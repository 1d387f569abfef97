"""`/akun/ganti`: the account one acts for."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.ids import read_account
from bubuh.edge.guards import SignedIn
from bubuh.identity.people import store
from bubuh.identity.people.sessions import switch_account
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/akun/ganti", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_accounts(request: AnyRequest, services: Parts) -> Page:
    """The accounts one may act for, and the ways to others."""
    accounts = await store.list_memberships(services.db, session_of(request).user_id)
    return show(request, "organisation/accounts.html", accounts=accounts)


@post("/akun/ganti", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_switch(request: AnyRequest, services: Parts) -> Page:
    """Act for another of one's accounts; raises `AccountUnknown`."""
    form = await read_form(request)
    await switch_account(services.db, session_of(request), read_account(form.text("account")))
    return go_to(request, "/akun")


HANDLERS: Final = [get_accounts, post_switch]
