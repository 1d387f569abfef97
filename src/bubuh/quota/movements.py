"""List what moved an account's stamps."""

from __future__ import annotations

from typing import Final

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.quota import store
from bubuh.quota.model import Movement

MOST_AT_ONCE: Final = 200


async def list_movements(
    where: Conn | Database, account_id: AccountId, *, after: int | None = None, limit: int = 50
) -> list[Movement]:
    """At most `limit` movements, newest first; `after` is the number of the last one seen."""
    at_most = max(1, min(limit, MOST_AT_ONCE))
    return await store.list_movements(where, account_id, after=after, at_most=at_most)
