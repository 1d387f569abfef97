"""Documents are personal data: their bytes go 72 hours after they came and after each stamp.

What goes is the document's key, and with it every byte and the name, wherever copies lie; the row keeps hash
and size, which its stamps need to be verified. Then its objects are taken away, for their room, as are those
of a person or organisation who went (`destroy.py`).
"""

from __future__ import annotations

from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.ports import Objects

AT_ONCE: Final = 100  #: documents of one transaction

_log = structlog.get_logger(__name__)
_DESTROYED = Counter(
    "bubuh_documents_expired", "Documents whose bytes were destroyed because their time was over"
)


async def expire(shard: Shard, *, db: Database, objects: Objects, at_once: int = AT_ONCE) -> int:
    """Destroy all documents of `shard` whose time is over; how many. Then take away what destroyed ones left.

    Not those that their owner keeps, nor those of which a stamp waits or is in work. The keys are gone before
    the first object is: what a crash in between leaves, nobody can read, and the next round takes away.
    """
    count = 0
    while True:
        async with db.transaction() as conn:
            due = await store.lock_due(conn, shard, at_most=at_once)
            gone = await store.destroy_due(conn, shard, due) if due else set()
        count += len(gone)
        if len(gone) < at_once:
            break
    if count:
        _DESTROYED.inc(count)
        _log.info("documents_expired", shard=int(shard), documents=count)
    await take_away(shard, db=db, objects=objects, at_once=at_once)
    return count


async def take_away(shard: Shard, *, db: Database, objects: Objects, at_once: int = AT_ONCE) -> int:
    """Delete all objects of the documents of `shard` that are destroyed; of how many documents.

    A document's row says where they lay until all of them are gone: doing it again after a crash, or at the
    same time, is harmless.
    """
    count = 0
    while left := await store.list_leftovers(db, shard, at_most=at_once):
        first = [key for each in left for key in (each.object_key, each.base_object_key) if key is not None]
        for key in first + await store.list_added_objects(db, shard, left):
            await objects.delete(key)
        await store.forget_leftovers(db, shard, left)
        count += len(left)
    return count
