"""What the pages of an organisation share: whose it is, and the PIN that its changes ask for."""

from __future__ import annotations

from typing import Any

from litestar import Request

from bubuh.edge.services import Services
from bubuh.identity.organisations.members import own_membership
from bubuh.identity.organisations.model import Member, MemberRole
from bubuh.identity.organisations.refusals import NotAnAdministrator
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.pins import check_pin
from bubuh.identity.people.refusals import PinLocked, PinRefused, PinUnset
from bubuh.web.errors import words_of
from bubuh.web.forms import Form
from bubuh.web.frame import session_of

AnyRequest = Request[Any, Any, Any]


async def own(request: AnyRequest, services: Services) -> Member:
    """What one is in the organisation one acts for; raises `AccountUnknown` for one's own account."""
    session = session_of(request)
    return await own_membership(services.db, session.account_id, session.user_id)


async def administrator(request: AnyRequest, services: Services) -> Member:
    """The same, of an administrator; raises `NotAnAdministrator` too."""
    found = await own(request, services)
    if found.role is not MemberRole.OWNER:
        raise NotAnAdministrator
    return found


async def wrong_pin(request: AnyRequest, services: Services, form: Form) -> dict[str, str]:
    """What is wrong with the form's PIN, in words, by field.

    Whoever steals a session could else invite themselves, and stamp with a PIN of their own.
    """
    try:
        await check_pin(services.db, session_of(request).user_id, form.text("pin"), hasher=services.hasher)
    except (PinRefused, PinLocked, PinUnset) as refusal:
        return {"pin": words_of(request, refusal)}
    return {}


def role_in(form: Form) -> MemberRole:
    """The role that was chosen; the lesser one when none was."""
    return MemberRole.OWNER if form.text("role") == MemberRole.OWNER else MemberRole.MEMBER


def masked(services: Services, address_sealed: bytes | None) -> str | None:
    """An address, for who knows it to know it again; None where there is none."""
    if address_sealed is None:
        return None
    return read_contact(services.person_key.open(address_sealed, "contact")).masked
