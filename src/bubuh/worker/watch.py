"""Tells which leases of other workers nobody renews, by this process's own clock.

The database's clock says when a lease is over, and may jump: then all leases are over at once, and their
holders live. Who lives renews; so a lease is a dead worker's only once it was over, and stayed as it was, for
longer than a living one takes to renew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.store import Overdue

RENEW_EVERY_S: Final = 4.0  #: a worker renews the leases in its hands so often
WATCH_S: Final = 6.0  #: a lease that stays as it is for so long has nobody who renews it
_MOST: Final = 100  #: of a shard; more come when these are taken


class Watch:
    """What one worker saw of the others' leases."""

    def __init__(self, db: Database, *, worker: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is this process's own, which nobody sets."""
        self._db = db
        self._worker = worker
        self._clock = clock
        self._due: dict[Shard, float] = {}
        self._over: dict[Shard, list[Overdue]] = {}
        self._unrenewed: dict[Shard, list[Overdue]] = {}

    async def unrenewed(self, shard: Shard) -> Sequence[Overdue]:
        """Leases of `shard` that were over WATCH_S ago and were not renewed since."""
        now = self._clock()
        if now >= self._due.get(shard, now):
            found = await store.list_overdue(self._db, shard, worker=self._worker, most=_MOST)
            before = self._over.get(shard, [])
            self._unrenewed[shard] = [one for one in found if one in before]
            self._over[shard], self._due[shard] = found, now + WATCH_S
        return self._unrenewed.get(shard, ())
