"""Take away objects that no row names: bytes whose request died between keeping and committing.

A row stands before its object, always. So an old object that no row names is about to be named only by a row
that is open already: a document being received, a stamp in work, a level pending. Those are asked first and
the rows after them; what was named in between is seen by the second question.

The store is walked a folder a pass, by the first two letters of the keys. Age is the store's date against the
database's clock; should one of them be wrong, the open rows still protect what is in work. More orphans than
MOST in one folder are no dead requests but a database that has forgotten (restored to an earlier day?): then
nothing is taken away, and an operator is called.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import randrange
from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import AFTER, NORMALISED
from bubuh.documents.ports import Objects
from bubuh.stamping import store
from bubuh.stamping.alarm import Bell

FOLDERS: Final = 256  #: two letters of a key; one of them a pass
AGE: Final = timedelta(days=1)
MOST: Final = 100  #: taken away in one pass
ASKED_AT_ONCE: Final = 1_000  #: keys in one question

_log = structlog.get_logger(__name__)
_LOOKED = Counter("bubuh_swept_objects_looked_at", "Objects that the sweep over the store has looked at")
_REMOVED = Counter("bubuh_swept_objects", "Objects taken away because no row named them")


class OrphanSweeper:
    """One process's walk through the store; where it begins is chance, so that many share the work."""

    def __init__(
        self,
        db: Database,
        objects: Objects,
        store_key: StoreKey,
        *,
        clock: Callable[[], float] = time.monotonic,
        begin: int | None = None,
    ) -> None:
        self._db = db
        self._objects = objects
        self._store_key = store_key
        self._bell = Bell(db, clock)
        self._next = randrange(FOLDERS) if begin is None else begin  # noqa: S311 - only spreads the work

    async def sweep(self) -> int:
        """One pass over the next folder; how many objects it took away."""
        folder, self._next = f"{self._next:02x}", (self._next + 1) % FOLDERS
        orphans = await self._orphans(await self._old(folder))
        if len(orphans) > MOST:
            await self._bell.call("too_many_orphans", {"folder": folder, "objects": len(orphans)})
            return 0
        for key in orphans:
            await self._objects.delete(key)
            _log.info("orphan_removed", key=key)
        _REMOVED.inc(len(orphans))
        return len(orphans)

    async def _old(self, folder: str) -> list[str]:
        latest = await store.read_clock(self._db) - AGE
        found = [kept async for kept in self._objects.list(folder)]
        _LOOKED.inc(len(found))
        return [kept.key for kept in found if kept.kept_at < latest]

    async def _orphans(self, keys: Sequence[str]) -> list[str]:
        """Those of `keys` that no row names, nor will."""
        candidates = await self._unnamed(keys)
        if not candidates:
            return []
        to_be_named = await self._to_be_named()
        return await self._unnamed([key for key in candidates if key not in to_be_named])

    async def _unnamed(self, keys: Sequence[str]) -> list[str]:
        left = sorted(keys)
        for first in range(0, len(left), ASKED_AT_ONCE):
            asked = left[first : first + ASKED_AT_ONCE]
            named = {
                key for shard in ALL_SHARDS for key in await store.list_named_objects(self._db, shard, asked)
            }
            keys = [key for key in keys if key not in named]
        return sorted(keys)

    async def _to_be_named(self) -> set[str]:
        found: set[str] = set()
        for shard in ALL_SHARDS:
            for each in await store.list_to_be_named(self._db, shard):
                numbers = (NORMALISED,) if each.no is None else (each.no, each.no + AFTER)
                found |= {
                    self._store_key.object_key(
                        account_id=each.account_id, document_id=each.document_id, revision=number
                    )
                    for number in numbers
                }
        return found
