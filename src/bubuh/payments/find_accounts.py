"""Whose a virtual account is that we numbered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.model import Attempt, shard_of_account_no


async def find_accounts(db: Database, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Attempt]:
    """The attempts that (gateway, account number) stand for, looked up a shard at a time."""
    by_shard: dict[Shard, set[tuple[str, str]]] = defaultdict(set)
    for name in names:
        shard = shard_of_account_no(name[1])
        if shard is not None:
            by_shard[shard].add(name)
    return await store.match_accounts(db, {shard: sorted(group) for shard, group in by_shard.items()})
