"""The history's statements, one typed function each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.history.model import Entry, EntryKind, Filter, Happening, Line, OrderEvent
from bubuh.quota.model import MovementKind
from bubuh.waitingroom.lanes import Errand

SQL: Final[Any] = load_queries("bubuh.history")
_KINDS: Final = {str(kind): kind for kind in EntryKind}


async def list_entries(
    db: Database, account_id: AccountId, wanted: Filter, *, before: tuple[datetime, UUID], most: int
) -> tuple[list[Entry], int]:
    """Rows that `wanted` lets through, asked for before `before`, newest first; and what is free now."""
    states = [wanted.states(kind) for kind in (EntryKind.STAMP, EntryKind.ORDER, EntryKind.REFUND)]
    rows = await db.fetch(
        SQL.list_entries.sql, shard_of_account(account_id), account_id, *before, *states, most
    )
    assert tuple(rows[0].keys()) == (*Entry._fields, "free"), "the statement has them in this order"
    free = rows[0]["free"] or 0
    return [Entry(_KINDS[kind], *rest) for kind, *rest, _ in rows if kind is not None], free


async def has_open_matter(db: Database, account_id: AccountId) -> bool:
    """Whether anything of the account is under way."""
    return bool(await db.fetchval(SQL.has_open_matter.sql, shard_of_account(account_id), account_id))


async def is_under_way(db: Database, account_id: AccountId, errand: Errand) -> bool:
    """Whether an errand of the account is under way."""
    return bool(
        await db.fetchval(SQL.is_under_way.sql, shard_of_account(account_id), account_id, str(errand))
    )


async def list_order_events(
    db: Database, account_id: AccountId, order_id: UUID, *, most: int
) -> list[OrderEvent]:
    """What happened to an order, oldest first."""
    rows = await db.fetch(SQL.list_order_events.sql, shard_of_account(account_id), account_id, order_id, most)
    return [OrderEvent(**{**row, "what": Happening(row["what"])}) for row in rows]


async def list_lines(db: Database, account_id: AccountId, *, before: int, most: int) -> list[Line]:
    """Movements numbered below `before`, newest first, with what each left."""
    rows = await db.fetch(SQL.list_lines.sql, shard_of_account(account_id), account_id, before, most)
    return [Line(**{**row, "kind": MovementKind(row["kind"])}) for row in rows]
