"""`/organisasi/anggota/…`: what a member may do, and their removal; both ask for the administrator's PIN."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.ids import read_id
from bubuh.edge.guards import SignedIn
from bubuh.edge.services import Services
from bubuh.identity.organisations.appoint import appoint
from bubuh.identity.organisations.members import find_member
from bubuh.identity.organisations.model import Member
from bubuh.identity.organisations.remove import remove
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, session_of, show
from bubuh.web.organisation.steps import administrator, masked, role_in, wrong_pin

AnyRequest = Request[Any, Any, Any]


@get("/organisasi/anggota/{member_id:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_member(request: AnyRequest, member_id: FromPath[str], services: Parts) -> Page:
    """Who it is, and the role to choose."""
    return _show(request, services, "organisation/member.html", await _meant(request, services, member_id))


@post("/organisasi/anggota/{member_id:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_role(request: AnyRequest, member_id: FromPath[str], services: Parts) -> Page:
    """Let them do more, or less."""
    form, session = await read_form(request), session_of(request)
    member = await _meant(request, services, member_id)
    if errors := await wrong_pin(request, services, form):
        return _show(request, services, "organisation/member.html", member, errors)
    await appoint(
        services.db,
        account_id=session.account_id,
        user_id=session.user_id,
        member_id=member.user_id,
        role=role_in(form),
    )
    return go_to(request, "/organisasi")


@get("/organisasi/anggota/{member_id:str}/keluarkan", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_remove(request: AnyRequest, member_id: FromPath[str], services: Parts) -> Page:
    """Say what removing them does."""
    return _show(request, services, "organisation/remove.html", await _meant(request, services, member_id))


@post("/organisasi/anggota/{member_id:str}/keluarkan", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_remove(request: AnyRequest, member_id: FromPath[str], services: Parts) -> Page:
    """Remove them, and have them told."""
    form, session = await read_form(request), session_of(request)
    member = await _meant(request, services, member_id)
    if errors := await wrong_pin(request, services, form):
        return _show(request, services, "organisation/remove.html", member, errors)
    await remove(
        services.db,
        account_id=session.account_id,
        user_id=session.user_id,
        member_id=member.user_id,
        key=services.person_key,
        link=f"{services.public_url}/akun/ganti",
    )
    return go_to(request, "/organisasi")


HANDLERS: Final = [get_member, post_role, get_remove, post_remove]


async def _meant(request: AnyRequest, services: Services, member_id: str) -> Member:
    await administrator(request, services)
    return await find_member(services.db, session_of(request).account_id, read_id("usr", member_id))


def _show(
    request: AnyRequest,
    services: Services,
    template: str,
    member: Member,
    errors: dict[str, str] | None = None,
) -> Page:
    return show(
        request,
        template,
        status=422 if errors else 200,
        member=member,
        address=masked(services, member.address_sealed),
        errors=errors or {},
    )
