"""Orders whose time is over."""

from __future__ import annotations

from typing import Final

from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.orders import store

MOST_A_SHARD: Final = 500  #: in one pass


async def expire_due(db: Database) -> int:
    """Expire placed orders by the database's clock; how many. Money may still come and still counts."""
    expired = 0
    async with db.connection() as conn:
        for shard in ALL_SHARDS:
            expired += len(await store.expire_n(conn, shard, at_most=MOST_A_SHARD))
    return expired
