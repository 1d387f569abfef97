"""Forget a person: what is known of them goes, what the ledger needs stays without a name."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.identity.model import show_actor
from bubuh.identity.people import store
from bubuh.identity.people.refusals import AccountNotEmpty

FORGOTTEN = "(dihapus)"


async def forget(conn: Conn, user_id: UUID, account_id: AccountId, *, stamps: int) -> None:
    """Delete addresses, secrets, national number and sessions; to be called in a transaction.

    `stamps` is what the person's own account still has, free, held or on its way.

    Raises:
        AccountNotEmpty: it has some: they would be lost.
    """
    if stamps:
        raise AccountNotEmpty(stamps=stamps)
    await store.rename(conn, user_id, account_id, name=FORGOTTEN)
    await store.forget(conn, user_id)
    actor = show_actor(user_id)
    await record(conn, account_id=account_id, act="person.forget", actor=actor, facts={"user": actor})
