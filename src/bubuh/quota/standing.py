"""For how long the books have agreed: a number that anyone may ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.quota import store

_FRESH_S: Final = 30.0  #: how long an answer is given again, so that the public costs the database nothing
_PATIENCE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What can be said of all books together."""

    days: int  #: whole days without a difference; 0 while one is open
    is_open: bool  #: a difference stands now
    since: datetime  #: when the last difference was gone, or when the watch began
    checked_at: (
        datetime | None
    )  #: when the books were last held to their invariants, all of them; None: never


async def find_standing(db: Database) -> Standing:
    """Ask every shard, one short statement each."""
    async with db.connection() as conn:
        found = [await store.find_standing(conn, shard) for shard in ALL_SHARDS]
    since = max(max(each.begun_at, each.until or each.begun_at) for each in found)
    now = max(each.asked_at for each in found)
    passed = [each.passed_at for each in found if each.passed_at is not None]
    return Standing(
        days=max(0, (now - since).days),
        is_open=any(each.until == each.asked_at for each in found),
        since=since,
        checked_at=min(passed) if len(passed) == len(found) else None,
    )


class StandingBoard:
    """The standing as it was at most half a minute ago; one asks, all others wait for what is answered."""

    def __init__(self, db: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is known yet."""
        self._db = db
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[float, Standing] | None = None

    async def now(self) -> Standing:
        """The standing. Raises `DatabaseUnavailable` when it has to be asked for and nobody answers."""
        async with self._asking:
            if self._known is None or self._clock() - self._known[0] > _FRESH_S:
                self._known = (self._clock(), await find_standing(self._db))
            return self._known[1]

    async def soon(self) -> Standing | None:
        """The standing, where it is at hand within a second: for a page that stands without it too."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self.now()
        except (TimeoutError, Fault):
            return None
