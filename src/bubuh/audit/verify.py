"""Verify that no entry was changed or removed."""

from __future__ import annotations

from typing import Final

from bubuh.audit import store
from bubuh.audit.model import Break, Chain
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database

_PAGE: Final = 1_000  #: entries read at a time


async def verify_chain(db: Database) -> list[Break]:
    """Every place where a chain does not hold; none when all is well.

    Each hash is computed here, not in the database that is being judged.
    """
    return [found for shard in ALL_SHARDS for found in await verify_shard(db, shard)]


async def verify_shard(db: Database, shard: Shard) -> list[Break]:
    """The same for one shard. Entries written meanwhile are left to the next time."""
    head, last_no = await store.find_head(db, shard)
    chain, breaks = Chain(shard), list[Break]()
    while entries := await store.list_entries(db, shard, after_no=chain.no, last_no=last_no, at_most=_PAGE):
        breaks.extend(chain.check(entries))
    breaks.extend(chain.check_end(head))
    return breaks
