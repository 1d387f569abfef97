"""Shown partners' statements, one typed function each. Their table is on every node: no shard is named."""

from __future__ import annotations

from typing import Any

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.identity.partners.model import ShownPartner

SQL: Any = load_queries("bubuh.identity.partners")


async def add(conn: Conn, account_id: AccountId, *, name: str, actor: str) -> ShownPartner | None:
    """It is shown from now on; None where no slot is left, or another has the name."""
    row = await conn.fetchrow(SQL.add.sql, account_id, name, actor)
    return None if row is None else _partner(row)


async def remove(conn: Conn, account_id: AccountId) -> ShownPartner | None:
    """As it was shown; None where it was not."""
    row = await conn.fetchrow(SQL.remove.sql, account_id)
    return None if row is None else _partner(row)


async def list_all(where: Conn | Database) -> list[ShownPartner]:
    """All who are shown, by name."""
    return [_partner(row) for row in await where.fetch(SQL.list_all.sql)]


def _partner(row: Row) -> ShownPartner:
    return ShownPartner(**{**row, "account_id": AccountId(row["account_id"])})
