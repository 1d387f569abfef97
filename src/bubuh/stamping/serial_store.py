"""The statements over blocks of serial numbers and what became of each number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.stamping.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    """A block of serial numbers, and who took it."""

    block: int
    taken_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FateRow:
    """What became of a number; `fate` is used, void or in_work, or None where nothing explains it."""

    block: int
    serial: int
    serial_no: str | None
    fate: str | None
    reason: str | None
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayRow:
    """A number that no block of its shard holds."""

    serial: int
    serial_no: str | None
    found: str


async def list_blocks(db: Database, shard: Shard, *, after: int, at_most: int) -> list[BlockRow]:
    """The shard's blocks after one, by their numbers."""
    return [BlockRow(**row) for row in await db.fetch(SQL.list_blocks.sql, shard, after, at_most)]


async def list_fates(db: Database, shard: Shard, blocks: Sequence[int]) -> list[FateRow]:
    """What became of each number of the blocks that left its block."""
    return [FateRow(**row) for row in await db.fetch(SQL.list_fates.sql, shard, blocks)]


async def list_stray_serials(db: Database, shard: Shard) -> list[StrayRow]:
    """Numbers in the shard's rows that none of its blocks holds."""
    return [StrayRow(**row) for row in await db.fetch(SQL.list_stray_serials.sql, shard)]


async def take_block(db: Database, shard: Shard, *, block: int, taken_by: str) -> bool:
    """Whether `block` is now this shard's; false when it was taken before."""
    return await db.fetchval(SQL.take_block.sql, block, shard, taken_by) is not None
