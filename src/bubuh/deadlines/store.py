"""Deadlines' statements, one typed function each. Their tables are on every node: no shard is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.deadlines.model import Deadline, Eligibility, Entry, NewDeadline

SQL: Any = load_queries("bubuh.deadlines")


async def insert(
    conn: Conn, deadline_id: UUID, wanted: NewDeadline, *, lane_id: int, actor: str
) -> Deadline | None:
    """The new deadline; None where its slug or its lane is taken."""
    row = await conn.fetchrow(
        SQL.register.sql,
        *(deadline_id, wanted.slug, lane_id, wanted.name, wanted.agency, wanted.at),
        *(str(wanted.eligibility), wanted.salt, wanted.expected, actor),
    )
    return None if row is None else _deadline(row)


async def list_all(where: Conn | Database) -> list[Deadline]:
    """All that were ever registered, by their lanes."""
    return [_deadline(row) for row in await where.fetch(SQL.list_all.sql)]


async def find(where: Conn | Database, slug: str) -> Deadline | None:
    """The deadline of a page, open or closed."""
    row = await where.fetchrow(SQL.find.sql, slug)
    return None if row is None else _deadline(row)


async def find_of_lane(where: Conn | Database, lane_id: int) -> Deadline | None:
    """The deadline that a lane is for, open or closed."""
    row = await where.fetchrow(SQL.find_of_lane.sql, lane_id)
    return None if row is None else _deadline(row)


async def close(conn: Conn, slug: str) -> Deadline | None:
    """The deadline, closed now; None where it was closed before, or there is none."""
    row = await conn.fetchrow(SQL.close.sql, slug)
    return None if row is None else _deadline(row)


async def entitle_n(conn: Conn, deadline_id: UUID, marks: Sequence[bytes]) -> None:
    """Put these marks on the deadline's list."""
    await conn.execute(SQL.entitle_n.sql, deadline_id, marks)


async def count_entries(where: Conn | Database, deadline_id: UUID) -> int:
    """How many accounts may stand in the lane."""
    count: int = await where.fetchval(SQL.count_entries.sql, deadline_id)
    return count


async def is_entitled(conn: Conn, deadline_id: UUID, mark: bytes) -> bool:
    """Whether a mark is on the list."""
    found: bool = await conn.fetchval(SQL.is_entitled.sql, deadline_id, mark)
    return found


async def enter(
    conn: Conn, deadline_id: UUID, account_id: AccountId, *, mark: bytes | None, holder_sealed: bytes | None
) -> None:
    """Let the account stand in the lane, unless it may already or another may by the same mark."""
    await conn.execute(SQL.enter.sql, deadline_id, account_id, mark, holder_sealed)


async def find_entry(where: Conn | Database, deadline_id: UUID, account_id: AccountId) -> Entry | None:
    """The account's entry."""
    row = await where.fetchrow(SQL.find_entry.sql, deadline_id, account_id)
    return None if row is None else _entry(row)


async def keep_turn(
    where: Conn | Database, entry: Entry, *, turn: str, code: str, number: int
) -> Entry | None:
    """Keep the entry's new turn; None where another was kept since `entry` was read."""
    key = (entry.deadline_id, entry.account_id)
    row = await where.fetchrow(SQL.keep_turn.sql, *key, entry.turn, turn, code, number)
    return None if row is None else _entry(row)


async def holder_of(where: Conn | Database, deadline_id: UUID, number: int) -> bytes | None:
    """Who holds a number of the lane, sealed; None: nobody on a list."""
    found: bytes | None = await where.fetchval(SQL.holder_of.sql, deadline_id, number)
    return found


def _deadline(row: Row) -> Deadline:
    return Deadline(**{**row, "eligibility": Eligibility(row["eligibility"])})


def _entry(row: Row) -> Entry:
    return Entry(**{**row, "account_id": AccountId(row["account_id"])})
