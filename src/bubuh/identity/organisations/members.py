"""Who is in an organisation, and whether they may say so."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.identity.organisations import store
from bubuh.identity.organisations.model import Member, MemberRole
from bubuh.identity.organisations.refusals import LastAdministrator, MemberUnknown, NotAnAdministrator
from bubuh.identity.refusals import AccountUnknown


async def find_member(where: Conn | Database, account_id: AccountId, user_id: UUID) -> Member:
    """The organisation's member; raises `MemberUnknown`."""
    found = await store.find_member(where, account_id, user_id)
    if found is None:
        raise MemberUnknown
    return found


async def own_membership(where: Conn | Database, account_id: AccountId, user_id: UUID) -> Member:
    """What the user is in the organisation they act for; `AccountUnknown` for a person's own account."""
    found = await store.find_member(where, account_id, user_id)
    if found is None:
        raise AccountUnknown(account_id=account_id)
    return found


async def lock(conn: Conn, account_id: AccountId, user_id: UUID) -> Member:
    """Have all who change the organisation wait, then see what the user is in it; raises `AccountUnknown`."""
    if await store.lock_organisation(conn, account_id) is None:
        raise AccountUnknown(account_id=account_id)
    return await own_membership(conn, account_id, user_id)


async def lock_as_administrator(conn: Conn, account_id: AccountId, user_id: UUID) -> None:
    """The same; raises `NotAnAdministrator` too."""
    if (await lock(conn, account_id, user_id)).role is not MemberRole.OWNER:
        raise NotAnAdministrator


async def see_others_administer(conn: Conn, account_id: AccountId, member: Member) -> None:
    """See that the organisation keeps an administrator without this one; raises `LastAdministrator`."""
    _, administrators = await store.count_people(conn, account_id)
    if member.role is MemberRole.OWNER and administrators == 1:
        raise LastAdministrator
