"""Bind new transfers into the chain, off the hot path: nobody waits for it, and it may lag and catch up."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.quota.chain import store

AT_ONCE: Final = 2_000  #: transfers a commit, give or take one account's; some 30 ms of work
MOST_CALLS: Final = 25  #: a shard and round, so that a backlog of one holds up no other

_LINKED: Final = Counter("bubuh_quota_linked_transfers", "Transfers bound into the chain")
_WHOLE_AT: Final = Gauge(
    "bubuh_quota_chain_whole_at_seconds",
    "When this process last found nothing left to bind (Unix time)",
    ["shard"],
)


async def link_shard(db: Database, shard: Shard, *, most: int = AT_ONCE, calls: int = MOST_CALLS) -> int:
    """Link what is unlinked in `shard`; how many transfers it was.

    Stops after `calls` commits, and at once where another is at work; what is left is the next round's.
    """
    linked, walked, after = 0, 0, AccountId(0)
    for _ in range(calls):
        done = await store.link(db, shard, after=after, most=most)
        if done is None:
            break
        if done.seen is None:  # all accounts were seen
            if not walked:
                _WHOLE_AT.labels(shard).set_to_current_time()
                break
            walked, after = 0, AccountId(0)  # those that had more than a call takes are looked at again
        else:
            linked, walked, after = linked + done.linked, walked + done.linked, done.seen
    _LINKED.inc(linked)
    return linked
