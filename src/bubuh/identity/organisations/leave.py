"""Leave an organisation, or close it."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.identity.model import show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.members import lock, lock_as_administrator, see_others_administer
from bubuh.identity.organisations.model import CLOSED
from bubuh.identity.organisations.refusals import MembersRemain
from bubuh.identity.organisations.remove import take_away
from bubuh.identity.people.refusals import AccountBusy, AccountNotEmpty


async def leave(db: Database, *, account_id: AccountId, user_id: UUID) -> None:
    """Leave the organisation; one's sessions there end. Raises `AccountUnknown`, `LastAdministrator`."""
    async with db.transaction() as conn:
        await _leave(conn, account_id, user_id)


async def leave_all(conn: Conn, user_id: UUID) -> None:
    """Leave every organisation, or none; to be called in a transaction. Raises `LastAdministrator`."""
    for account_id in await store.list_organisations(conn, user_id):
        await _leave(conn, account_id, user_id)


async def close(conn: Conn, *, account_id: AccountId, user_id: UUID, stamps: int, is_busy: bool) -> None:
    """Close an organisation that its administrator alone is in; to be called in a transaction.

    The ledger keeps its movements, nameless.

    `stamps` is what it still has, free, held or on its way; `is_busy`: money or a stamp of it is under way.

    Raises:
        AccountUnknown, NotAnAdministrator: who asks.
        MembersRemain: others are in it.
        AccountNotEmpty, AccountBusy: something would be lost.
    """
    await lock_as_administrator(conn, account_id, user_id)
    members, _ = await store.count_people(conn, account_id)
    if members > 1:
        raise MembersRemain
    if stamps:
        raise AccountNotEmpty(stamps=stamps)
    if is_busy:
        raise AccountBusy
    await store.rename(conn, account_id, name=CLOSED)
    await take_away(conn, account_id, user_id, act="account.close", actor=show_actor(user_id))


async def _leave(conn: Conn, account_id: AccountId, user_id: UUID) -> None:
    member = await lock(conn, account_id, user_id)
    await see_others_administer(conn, account_id, member)
    await take_away(conn, account_id, user_id, act="member.leave", actor=show_actor(user_id))
