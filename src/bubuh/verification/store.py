"""The verification's statements, one typed function each. They read and never write."""

from __future__ import annotations

from typing import Any, Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.verification.model import SerialFacts

SQL: Final[Any] = load_queries("bubuh.verification")


async def find_shard(db: Database, block: int) -> Shard | None:
    """The shard that `block` belongs to, or None when nobody took it."""
    shard = await db.fetchval(SQL.find_block.sql, block)
    return None if shard is None else Shard(shard)


async def find_affixed(db: Database, shard: Shard, serial: int) -> SerialFacts | None:
    """What the world may know of `serial`, or None."""
    row = await db.fetchrow(SQL.find_affixed.sql, shard, serial)
    return None if row is None else SerialFacts(**row)


async def is_in_work(db: Database, shard: Shard, serial: int) -> bool:
    """Whether `serial` was issued to a stamp that is neither affixed nor void."""
    return bool(await db.fetchval(SQL.is_in_work.sql, shard, serial))
