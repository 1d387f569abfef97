"""`/akun`: the balance, and the way to everything else."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get

from bubuh.edge.guards import SignedIn
from bubuh.identity.people import store
from bubuh.quota.show import show_quota
from bubuh.web.frame import Page, Parts, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/akun", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_account(request: AnyRequest, services: Parts) -> Page:
    """What the account has, live from the ledger."""
    session = session_of(request)
    known = await store.find_credentials(services.db, session.user_id)
    return show(
        request,
        "account/overview.html",
        balance=await show_quota(services.db, session.account_id),
        has_pin=known is not None and known.has_pin,
    )


HANDLERS: Final = [get_account]
