from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bubuh.core.shards import Shard
from bubuh.db.batch import Batch, OneByOne
from bubuh.db.pool import Database


async def doubled(db: Database, shard: Shard, requests: Sequence[int]) -> list[int]:
    rows = await db.fetch("SELECT $1::int + 2 * n AS n FROM unnest($2::int[]) AS n", shard, list(requests))
    return [row["n"] for row in rows]


async def test_one_by_one_gives_each_caller_its_own_outcome(db: Database) -> None:
    batch: Batch[int, int] = OneByOne(db, doubled)
    answers = await asyncio.gather(*(batch.submit(Shard(100), n) for n in range(20)))
    assert answers == [100 + 2 * n for n in range(20)]


async def test_an_act_that_answers_the_wrong_number_is_our_mistake(db: Database) -> None:
    async def silent(_db: Database, _shard: Shard, _requests: Sequence[int]) -> list[int]:
        return []

    with pytest.raises(ValueError, match="not enough values"):
        await OneByOne(db, silent).submit(Shard(0), 1)
