"""Forget a person: what is known of them goes, what the ledger needs stays without a name."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.identity.model import show_actor
from bubuh.identity.organisations.leave import leave_all
from bubuh.identity.people import store
from bubuh.identity.people.refusals import AccountBusy, AccountNotEmpty

FORGOTTEN = "(dihapus)"


async def forget(conn: Conn, user_id: UUID, account_id: AccountId, *, stamps: int, is_busy: bool) -> None:
    """Delete addresses, secrets, national number and sessions; to be called in a transaction.

    `stamps` is what the person's own account still has, free, held or on its way; `is_busy`: money or a stamp
    of it is under way.

    Raises:
        LastAdministrator: an organisation would be left with nobody to say who is in it.
        AccountNotEmpty, AccountBusy: something would be lost.
    """
    if stamps:
        raise AccountNotEmpty(stamps=stamps)
    if is_busy:
        raise AccountBusy
    await leave_all(conn, user_id)
    await store.rename(conn, user_id, account_id, name=FORGOTTEN)
    await store.forget(conn, user_id)
    actor = show_actor(user_id)
    await record(conn, account_id=account_id, act="person.forget", actor=actor, facts={"user": actor})
