"""Close facts that were told."""

from __future__ import annotations

from collections.abc import Sequence

from bubuh.core.shards import Shard
from bubuh.db.pool import Conn
from bubuh.outbox import store
from bubuh.outbox.model import Fact


async def mark_told(conn: Conn, shard: Shard, facts: Sequence[Fact]) -> int:
    """Close `facts` of one shard, which were all heard; how many were open. Closing again changes nothing.

    What a fact holds under `SEALED` (an address, a letter's words) is destroyed in the same statement.
    """
    return await store.mark_told(conn, shard, facts) if facts else 0
