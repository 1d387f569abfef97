"""Give back what waited longer than was promised. A dead worker's jobs are leased anew instead.

Time is the database's. A clock can jump, so no pass ends more than a few, an operator is called where there
were more, and after a jump that this process saw nothing is ended for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from bubuh.core.doubt import Doubt
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.alarm import Bell
from bubuh.stamping.moves import ReturnReason

MOST_A_PASS: Final = 100  #: of all shards together: a clock that jumps cannot empty the queue

_RETURNED = Counter("bubuh_swept_stamps", "Stamps returned because they waited too long")


class Sweeper:
    """One process's sweeper; it remembers the clock as it was, and whom it called when."""

    def __init__(self, db: Database, *, wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is this process's own, which nobody sets."""
        self._db = db
        self._wait_s = wait_s
        self._doubt = Doubt(lambda: store.read_clock(db), clock)
        self._bell = Bell(db, clock)
        self._next = 0  #: the shard that the next pass begins with

    async def sweep(self) -> int:
        """One pass over all shards; how many stamps it returned."""
        if (jump_s := await self._doubt.look()) is not None:
            await self._bell.call("clock_jumped", {"seconds": round(jump_s)})
        if self._doubt.lasts:
            return 0
        returned = 0
        for turn in range(len(ALL_SHARDS)):
            shard = ALL_SHARDS[(self._next + turn) % len(ALL_SHARDS)]
            returned += await sweep(self._db, shard, wait_s=self._wait_s, most=MOST_A_PASS - returned)
            if returned >= MOST_A_PASS:
                self._next = shard  # the rest of it, and the others, are the next pass's
                await self._bell.call("more_than_a_pass", {"returned": returned})
                break
        _RETURNED.inc(returned)
        return returned


async def sweep(db: Database, shard: Shard, *, wait_s: float, most: int = MOST_A_PASS) -> int:
    """Return at most `most` quotas of `shard` accepted more than `wait_s` ago; how many it returned."""
    late = await store.list_waited_too_long(db, shard, wait_s=wait_s, most=most)
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
