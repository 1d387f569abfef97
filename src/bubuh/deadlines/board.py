"""Deadlines as one web process knows them: asked for every two seconds at most, however many look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bubuh.db.pool import Database
from bubuh.deadlines import store
from bubuh.deadlines.model import Deadline
from bubuh.deadlines.refusals import DeadlineUnknown

_LIFE_S: Final = 2.0


class DeadlineBoard:
    """All deadlines, a moment old."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_s = float("-inf")
        self._found: dict[str, Deadline] = {}

    async def find(self, db: Database, slug: str) -> Deadline:
        """The deadline of a page, open or closed; raises `DeadlineUnknown`."""
        found = (await self._present(db)).get(slug)
        if found is None:
            raise DeadlineUnknown
        return found

    async def find_of_lane(self, db: Database, lane_id: int) -> Deadline | None:
        """The deadline that a lane is for."""
        present = await self._present(db)
        return next((one for one in present.values() if one.lane_id == lane_id), None)

    async def _present(self, db: Database) -> dict[str, Deadline]:
        if self._clock() - self._read_s >= _LIFE_S:
            self._found = {one.slug: one for one in await store.list_all(db)}
            self._read_s = self._clock()
        return self._found
