"""Give back what waited longer than was promised. A dead worker's jobs are leased anew instead."""

from __future__ import annotations

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.moves import ReturnReason

MOST_A_PASS = 100  #: a clock that jumps cannot empty the queue in one pass


async def sweep(db: Database, shard: Shard, *, wait_s: float) -> int:
    """Return the quotas of `shard` accepted more than `wait_s` ago; answers how many it returned."""
    late = await store.list_waited_too_long(db, shard, wait_s=wait_s, most=MOST_A_PASS)
    if not late:
        return 0
    wanted = [
        store.WantedReturn(
            account_id=account_id,
            stamp_id=stamp_id,
            fence=None,
            reason=ReturnReason.WAITED_TOO_LONG,
            actor="sweeper",
        )
        for account_id, stamp_id in late
    ]
    outcomes = await store.return_n(db, shard, wanted)
    return outcomes.count("done")  # else a worker took it, or its owner did
