"""Lanes' statements, one typed function each. Their tables are on every node: no shard is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.lanes.model import KeptTurn, NamedLane, NewLane
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.proof import Joined

SQL: Any = load_queries("bubuh.lanes")


async def add(conn: Conn, wanted: NewLane, *, lane_id: int, actor: str) -> NamedLane | None:
    """The new lane, open; None where another took its id or its name."""
    row = await conn.fetchrow(
        SQL.add.sql,
        *(lane_id, wanted.name, str(wanted.kind), wanted.title),
        *(wanted.floor, wanted.ceiling, wanted.weight, actor),
    )
    return None if row is None else _lane(row)


async def change(conn: Conn, wanted: NewLane) -> NamedLane | None:
    """The lane of this name, as wanted and open; None where it is of the other kind."""
    row = await conn.fetchrow(
        SQL.change.sql,
        *(wanted.name, str(wanted.kind), wanted.title, wanted.floor, wanted.ceiling, wanted.weight),
    )
    return None if row is None else _lane(row)


async def close(conn: Conn, name: str) -> NamedLane | None:
    """The lane, closed now; None where none is open."""
    row = await conn.fetchrow(SQL.close.sql, name)
    return None if row is None else _lane(row)


async def list_all(where: Conn | Database) -> list[NamedLane]:
    """All that were ever opened, by their ids."""
    return [_lane(row) for row in await where.fetch(SQL.list_all.sql)]


async def list_of(where: Conn | Database, account_id: AccountId) -> list[NamedLane]:
    """The open lanes in which an account is named."""
    return [_lane(row) for row in await where.fetch(SQL.list_of.sql, account_id)]


async def name_n(conn: Conn, lane_id: int, account_ids: Sequence[AccountId], *, actor: str) -> None:
    """These accounts may stand in the lane from now on."""
    await conn.execute(SQL.name_n.sql, lane_id, account_ids, actor)


async def unname_n(conn: Conn, lane_id: int, account_ids: Sequence[AccountId]) -> None:
    """These may no more."""
    await conn.execute(SQL.unname_n.sql, lane_id, account_ids)


async def is_named(where: Conn | Database, lane_id: int, account_id: AccountId) -> bool:
    """Whether an account may stand in the lane."""
    found: bool = await where.fetchval(SQL.is_named.sql, lane_id, account_id)
    return found


async def list_named(where: Conn | Database, lane_id: int) -> list[AccountId]:
    """Who may."""
    return [AccountId(row["account_id"]) for row in await where.fetch(SQL.list_named.sql, lane_id)]


async def find_turn(where: Conn | Database, lane_id: int, account_id: AccountId) -> KeptTurn | None:
    """The turn that an account keeps in a lane."""
    row = await where.fetchrow(SQL.find_turn.sql, lane_id, account_id)
    return None if row is None else _turn(row)


async def keep_turn(
    where: Conn | Database, account_id: AccountId, joined: Joined, *, before: KeptTurn | None
) -> KeptTurn | None:
    """Keep the account's new turn; None where another was kept since `before` was read."""
    row = await where.fetchrow(
        SQL.keep_turn.sql,
        *(joined.lane, account_id, None if before is None else before.turn),
        *(joined.turn, joined.code, joined.number),
    )
    return None if row is None else _turn(row)


def _lane(row: Row) -> NamedLane:
    return NamedLane(**{**row, "kind": LaneKind(row["kind"])})


def _turn(row: Row) -> KeptTurn:
    return KeptTurn(**{**row, "account_id": AccountId(row["account_id"])})
