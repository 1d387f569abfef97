"""`/organisasi`: who is in it, and who is asked to be."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.ids import read_id
from bubuh.edge.guards import SignedIn
from bubuh.identity.model import AccountKind
from bubuh.identity.organisations import store
from bubuh.identity.organisations.invite import PREFIX, withdraw
from bubuh.identity.organisations.model import MemberRole
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, session_of, show
from bubuh.web.organisation.steps import administrator, masked, own

AnyRequest = Request[Any, Any, Any]
A_PAGE: Final = 50


@get("/organisasi", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_members(request: AnyRequest, services: Parts) -> Page:
    """The members, those who came first at the top; who acts for their own account chooses one first."""
    session = session_of(request)
    if session.account_kind is AccountKind.PERSON:
        return go_to(request, "/akun/ganti")
    me = await own(request, services)
    is_administrator = me.role is MemberRole.OWNER
    behind = request.query_params.get("sesudah")
    after = read_id("usr", behind) if behind else None
    found = await store.list_members(services.db, session.account_id, after=after, most=A_PAGE + 1)
    invitations = await store.list_invitations(services.db, session.account_id) if is_administrator else []
    return show(
        request,
        "organisation/members.html",
        me=me,
        is_administrator=is_administrator,
        members=[
            (member, masked(services, member.address_sealed) if is_administrator else None)
            for member in found[:A_PAGE]
        ],
        last=found[A_PAGE - 1].user_id if len(found) > A_PAGE else None,
        invitations=[(each, masked(services, each.address_sealed)) for each in invitations],
    )


@post("/organisasi/undangan/{invitation_id:str}/batal", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_withdraw(request: AnyRequest, invitation_id: FromPath[str], services: Parts) -> Page:
    """Have an invitation open nothing any more."""
    await read_form(request)
    session = session_of(request)
    await administrator(request, services)
    await withdraw(
        services.db,
        account_id=session.account_id,
        user_id=session.user_id,
        invitation_id=read_id(PREFIX, invitation_id),
    )
    return go_to(request, "/organisasi")


HANDLERS: Final = [get_members, post_withdraw]
