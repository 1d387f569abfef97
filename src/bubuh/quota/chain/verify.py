"""Verify that no transfer was altered, removed or added, against the chain that binds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.quota.chain import store
from bubuh.quota.chain.model import Break, BreakKind, Chain, compare
from bubuh.quota.chain.store import Misnumbered

_PAGE: Final = 4  #: links read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a shard's chain binds, and every place where it and the transfers do not agree."""

    transfers: int
    unlinked: int  #: transfers that wait to be bound
    breaks: tuple[Break, ...]  #: in the chain's order


async def verify_shard(db: Database, shard: Shard) -> Verified:
    """Compare a shard's transfers with their chain.

    Each hash is computed here, not in the database that is being judged. What is linked meanwhile is left to
    the next time.
    """
    head, last_no = await store.find_head(db, shard)
    chain, breaks, transfers = Chain(shard), list[Break](), 0
    while links := await store.list_links(db, shard, after_no=chain.no, last_no=last_no, at_most=_PAGE):
        for link in links:
            breaks.extend(chain.check(link))
            rows = await store.list_transfers(db, link)
            breaks.extend(compare(link, rows))
            transfers += len(rows)
    breaks.extend(chain.check_end(head))
    named = {(found.account_id, found.no) for found in breaks}
    misnumbered = [_break_of(shard, account) for account in await store.list_misnumbered(db, shard)]
    breaks.extend(found for found in misnumbered if (found.account_id, found.no) not in named)
    unlinked = await store.count_unlinked(db, shard)
    return Verified(transfers=transfers, unlinked=unlinked, breaks=tuple(breaks))


def _break_of(shard: Shard, found: Misnumbered) -> Break:
    """The first wrong number of an account: missing, or beyond what its balance counts."""
    if found.wrong is not None and found.due is not None:
        kind, no = (
            (BreakKind.MISSING, found.due) if found.wrong > found.due else (BreakKind.ADDED, found.wrong)
        )
    elif found.top > found.moves:
        kind, no = BreakKind.ADDED, found.moves + 1
    else:
        kind, no = BreakKind.MISSING, found.top + 1
    return Break(shard=shard, kind=kind, account_id=found.account_id, no=no)
