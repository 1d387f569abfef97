"""Destroy what an account has given us: deleting a document is destroying its key."""

from __future__ import annotations

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.documents import store


async def destroy_all(conn: Conn, account_id: AccountId) -> None:
    """Make every document of the account unreadable for ever, its name too; to be called in a transaction.

    The rows keep hashes and sizes, which stamps need to be verified. What lies in the store is noise from
    then on, and goes with the worker's next round (`expire.take_away`).
    """
    await store.destroy_all(conn, account_id)
