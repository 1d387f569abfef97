"""The outbox's statements, one typed function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import columns, load_queries
from bubuh.outbox.model import Fact

SQL = load_queries("bubuh.outbox")


async def publish(
    conn: Conn, *, account_id: AccountId, topic: str, subject: UUID, facts: Mapping[str, Any]
) -> bool:
    """Write a fact. False: it is there already, and stays as it is."""
    shard = shard_of_account(account_id)
    row = await conn.fetchrow(SQL.publish.sql, shard, account_id, topic, subject, dict(facts))
    return row is not None


async def publish_n(conn: Conn, shard: Shard, facts: Sequence[tuple[object, ...]]) -> None:
    """Write facts of one shard, each as (account, topic, subject, facts); those that are there stay."""
    await conn.executemany(SQL.publish.sql, [(shard, *fact) for fact in facts])


async def list_due_shards(db: Database) -> list[Shard]:
    """Where facts are due; one way there and back for all shards."""
    rows = await db.fetchmany(SQL.find_due.sql, [(shard,) for shard in ALL_SHARDS])
    return [Shard(row["shard"]) for row in rows]


async def lock_untold(conn: Conn, shard: Shard, *, at_most: int) -> list[Fact]:
    """The due facts of a shard, locked until the transaction ends."""
    return [Fact(**row) for row in await conn.fetch(SQL.lock_untold.sql, shard, at_most)]


async def lock_untold_of(
    conn: Conn, shard: Shard, account_id: AccountId, *, topics: Sequence[str], at_most: int
) -> list[Fact]:
    """What an account has untold of `topics`, due or not, oldest first; locked until the transaction ends."""
    rows = await conn.fetch(SQL.lock_untold_of.sql, shard, account_id, list(topics), at_most)
    return [Fact(**row) for row in rows]


async def put_off(conn: Conn, shard: Shard, facts: Sequence[Fact], *, waits_s: Sequence[float]) -> None:
    """Count an attempt of each fact and let none be taken before its wait is over."""
    keys = columns(facts, "account_id", "topic", "subject")
    await conn.execute(SQL.put_off.sql, shard, *keys, list(waits_s))


async def mark_told(conn: Conn, shard: Shard, facts: Sequence[Fact]) -> int:
    """Close facts; how many were open."""
    keys = columns(facts, "account_id", "topic", "subject")
    return int(await conn.fetchval(SQL.mark_told.sql, shard, *keys))
