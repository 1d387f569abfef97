"""Verify that no entry was changed or removed."""

from __future__ import annotations

from typing import Final

from bubuh.audit import store
from bubuh.audit.model import Break, Chain, Head
from bubuh.core.shards import Shard
from bubuh.db.pool import Database

_PAGE: Final = 1_000  #: entries read at a time


async def verify_shard(db: Database, shard: Shard) -> list[Break]:
    """Every place where the shard's chain does not hold; entries written meanwhile are left to the next time.

    Each hash is computed here, not in the database that is being judged.
    """
    head, last_no = await store.find_head(db, shard)
    chain, breaks = Chain(shard), list[Break]()
    while entries := await store.list_entries(db, shard, after_no=chain.no, last_no=last_no, at_most=_PAGE):
        breaks.extend(chain.check(entries))
    breaks.extend(chain.check_end(head))
    return breaks


async def verify_since(db: Database, shard: Shard, after: Head, *, at_most: int) -> tuple[list[Break], Head]:
    """The breaks among the next `at_most` entries after one that was verified, and how far it is whole now.

    What was changed before `after` is found by `verify_shard` alone.
    """
    head, last_no = await store.find_head(db, shard)
    chain = Chain(shard, after)
    entries = await store.list_entries(db, shard, after_no=after.no, last_no=last_no, at_most=at_most)
    breaks = list(chain.check(entries))
    if chain.no >= last_no:
        breaks.extend(chain.check_end(head))
    return breaks, after if breaks else chain.reached
