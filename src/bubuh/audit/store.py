"""The audit's statements, one typed function each."""

from __future__ import annotations

from bubuh.audit.model import Entry, Head
from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import load_queries

SQL = load_queries("bubuh.audit")


async def append(conn: Conn, *, account_id: AccountId, act: str, actor: str, facts: str) -> int:
    """Write an entry at the end of the account's shard's chain; its number."""
    no: int = await conn.fetchval(SQL.append.sql, shard_of_account(account_id), account_id, act, actor, facts)
    return no


async def find_head(db: Database, shard: Shard) -> tuple[Head, int]:
    """A shard's head, and the number of the last entry at the same moment."""
    row = await db.fetchrow(SQL.find_head.sql, shard)
    assert row is not None, "the first migration wrote a head for each shard"
    return Head(shard=shard, no=row["no"], hash=row["hash"]), row["last_no"]


async def list_entries(
    db: Database, shard: Shard, *, after_no: int, last_no: int, at_most: int
) -> list[Entry]:
    """Entries after `after_no` up to `last_no`, in their order."""
    rows = await db.fetch(SQL.list_entries.sql, shard, after_no, last_no, at_most)
    return [Entry(**row) for row in rows]
