"""Give back what waited longer than was promised. A dead worker's jobs are leased anew instead."""

from __future__ import annotations

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.moves import ReturnReason

MOST_A_PASS = 100  #: a clock that jumps cannot empty the queue in one pass


async def sweep(db: Database, shard: Shard, *, wait_s: float) -> int:
    """Return the quotas of `shard` accepted more than `wait_s` ago; answers how many it returned."""
    returned = 0
    for account_id, stamp_id in await store.list_waited_too_long(db, shard, wait_s=wait_s, most=MOST_A_PASS):
        outcome = await store.return_one(
            db, account_id, stamp_id, fence=None, reason=ReturnReason.WAITED_TOO_LONG, actor="sweeper"
        )
        returned += outcome == "done"  # else a worker took it, or its owner did
    return returned
