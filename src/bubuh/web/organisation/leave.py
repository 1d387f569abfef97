"""`/organisasi/keluar` and `/organisasi/tutup`: leave an organisation, or close it."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.complaints.forget import forget as forget_words
from bubuh.documents.destroy import destroy_all
from bubuh.edge.guards import SignedIn
from bubuh.edge.services import Services
from bubuh.history.show import has_open_matter
from bubuh.identity.organisations import store
from bubuh.identity.organisations.leave import close, leave
from bubuh.identity.organisations.model import MemberRole
from bubuh.quota.show import show_quota
from bubuh.web.account.steps import enter
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, session_of, show
from bubuh.web.organisation.steps import administrator, own, wrong_pin
from bubuh.webhooks.remove import forget as forget_webhooks

AnyRequest = Request[Any, Any, Any]


@get("/organisasi/keluar", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_leave(request: AnyRequest, services: Parts) -> Page:
    """Say what leaving does, or what stands in its way."""
    return await _show(request, services)


@post("/organisasi/keluar", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_leave(request: AnyRequest, services: Parts) -> Page:
    """Leave it: every session there ends, and this browser goes on with one's own account."""
    await read_form(request)
    session = session_of(request)
    await leave(services.db, account_id=session.account_id, user_id=session.user_id)
    return await enter(request, services, session.user_id, to="/akun")


@post("/organisasi/tutup", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_close(request: AnyRequest, services: Parts) -> Page:
    """Close it, once nothing is left in it and nobody else. With it go documents, complaints, webhooks."""
    form, session = await read_form(request), session_of(request)
    await administrator(request, services)
    if errors := await wrong_pin(request, services, form):
        return await _show(request, services, errors)
    account_id = session.account_id
    balance = await show_quota(services.db, account_id)
    is_busy = await has_open_matter(services.db, account_id)
    async with services.db.transaction() as conn:
        await close(
            conn,
            account_id=account_id,
            user_id=session.user_id,
            stamps=balance.free + balance.held + balance.in_transit,
            is_busy=is_busy,
        )
        await forget_words(conn, account_id)
        await destroy_all(conn, account_id)
        await forget_webhooks(conn, account_id)
    return await enter(request, services, session.user_id, to="/akun")


HANDLERS: Final = [get_leave, post_leave, post_close]


async def _show(request: AnyRequest, services: Services, errors: dict[str, str] | None = None) -> Page:
    me = await own(request, services)
    async with services.db.connection() as conn:
        members, administrators = await store.count_people(conn, session_of(request).account_id)
    return show(
        request,
        "organisation/leave.html",
        status=422 if errors else 200,
        is_alone=members == 1,
        is_last=me.role is MemberRole.OWNER and administrators == 1,
        errors=errors or {},
    )
