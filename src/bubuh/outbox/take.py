"""Take facts to tell them."""

from __future__ import annotations

from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Conn, Database
from bubuh.outbox import store
from bubuh.outbox.model import Fact

_FIRST_WAIT_S: Final = 10.0  #: longer than telling takes, so that a fact in good hands is not taken twice
_LONGEST_WAIT_S: Final = 300.0


async def due_shards(db: Database) -> list[Shard]:
    """Where facts are due."""
    return await store.list_due_shards(db)


async def take_untold(conn: Conn, shard: Shard, *, at_most: int) -> list[Fact]:
    """Take due facts of a shard; to be called in a transaction of its own, which commits before the telling.

    Taking puts a fact off: who dies or fails before `mark_told` has nothing to undo, and it comes again
    after 10 s, 20 s, 40 s … at most 300 s. So a hearer may hear twice and must not mind.
    """
    facts = await store.lock_untold(conn, shard, at_most=at_most)
    if facts:
        await store.put_off(conn, shard, facts, waits_s=[wait_after(fact.attempts) for fact in facts])
    return facts


def wait_after(attempts: int) -> float:
    """Seconds before a fact that was taken `attempts` times before comes again."""
    return min(_FIRST_WAIT_S * 2.0 ** min(attempts, 10), _LONGEST_WAIT_S)
