"""Reminders' statements, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.reminders.model import Reminder

SQL: Any = load_queries("bubuh.reminders")


class Called(NamedTuple):
    """Up to which place a lane has called; `is_drawn`: no draw is to come in it."""

    lane: int
    serving: int
    is_drawn: bool


async def ask(
    where: Conn | Database,
    *,
    account_id: AccountId,
    user_id: UUID,
    lane: int,
    number: int,
    place: int | None,
    language: str,
    expires_at: datetime,
) -> None:
    """Write the wish. Another number of the lane replaces the one before; the same one changes nothing."""
    key = (shard_of_account(account_id), account_id, user_id, lane)
    await where.execute(SQL.ask.sql, *key, number, place, language, expires_at)


async def list_of(where: Conn | Database, account_id: AccountId, user_id: UUID) -> list[Reminder]:
    """A person's living ones in an account, the newest first."""
    rows = await where.fetch(SQL.list_of.sql, shard_of_account(account_id), account_id, user_id)
    return [_reminder(row) for row in rows]


async def withdraw(where: Conn | Database, account_id: AccountId, user_id: UUID, lane: int) -> None:
    """Drop the wish, if there is one."""
    await where.execute(SQL.withdraw.sql, shard_of_account(account_id), account_id, user_id, lane)


async def forget(conn: Conn, account_id: AccountId, user_id: UUID) -> None:
    """Drop all that a person asked for in an account."""
    await conn.execute(SQL.forget.sql, shard_of_account(account_id), account_id, user_id)


async def list_due_shards(db: Database, called: Sequence[Called]) -> list[Shard]:
    """Where somebody is due; one way there and back for all shards."""
    told = columns(called, *Called._fields)
    rows = await db.fetchmany(SQL.find_due.sql, [(shard, *told) for shard in ALL_SHARDS])
    return [Shard(row["shard"]) for row in rows]


async def lock_due(conn: Conn, shard: Shard, called: Sequence[Called], *, at_most: int) -> list[Reminder]:
    """Who is due in a shard, locked until the transaction ends."""
    told = columns(called, *Called._fields)
    return [_reminder(row) for row in await conn.fetch(SQL.lock_due.sql, shard, *told, at_most)]


async def place_n(conn: Conn, shard: Shard, placed: Sequence[Reminder]) -> None:
    """Keep the drawn places of these."""
    keys = columns(placed, "account_id", "user_id", "lane", "place")
    await conn.execute(SQL.place_n.sql, shard, *keys)


async def mark_told(conn: Conn, shard: Shard, told: Sequence[Reminder]) -> None:
    """Close these."""
    keys = columns(told, "account_id", "user_id", "lane")
    await conn.execute(SQL.mark_told.sql, shard, *keys)


async def sweep(db: Database, shard: Shard) -> None:
    """Drop those whose turns' lives are over."""
    await db.execute(SQL.sweep.sql, shard)


def _reminder(row: Row) -> Reminder:
    return Reminder(**{**row, "account_id": AccountId(row["account_id"])})
