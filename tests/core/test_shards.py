from __future__ import annotations

from bubuh.core.ids import fresh_account_id
from bubuh.core.shards import ALL_SHARDS, SHARDS, shard_of_account
from bubuh.db.pool import Conn


def test_there_are_64_shards_for_ever() -> None:
    assert SHARDS == 64
    assert list(ALL_SHARDS) == list(range(64))


def test_neighbours_fall_into_neighbouring_shards() -> None:
    assert [shard_of_account(account_id) for account_id in (1, 63, 64, 65)] == [1, 63, 0, 1]


async def test_the_database_computes_the_same_shard(conn: Conn) -> None:
    account_ids = [1, 63, 64, (1 << 62) - 1, *(fresh_account_id() for _ in range(500))]
    rows = await conn.fetch("SELECT (a % 64)::smallint AS shard FROM unnest($1::bigint[]) AS a", account_ids)
    assert [row["shard"] for row in rows] == [shard_of_account(account_id) for account_id in account_ids]
