"""Blocks of serial numbers in this worker's hands. Numbers are handed out once, in memory, and never again.

A block that dies with its worker keeps its unused numbers for ever; `serial_blocks` says who took it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.stamping import serial_store
from bubuh.stamping.serial import BLOCK

_BLOCK_BITS = 48


class SerialBlocks:
    """Hands out serial numbers of each shard, from blocks of 1,000."""

    def __init__(self, *, taken_by: str, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        """`taken_by` names this process in `serial_blocks`."""
        self._taken_by = taken_by
        self._random_bits = random_bits
        self._left: dict[Shard, list[int]] = {}
        self._taking: dict[Shard, asyncio.Lock] = {}  #: so that many who find none left take one block

    async def take(self, db: Database, shard: Shard) -> int:
        """A number that nobody has had."""
        left = self._left.setdefault(shard, [])
        async with self._taking.setdefault(shard, asyncio.Lock()):
            if not left:
                left.extend(reversed(await self._block(db, shard)))
            return left.pop()

    async def _block(self, db: Database, shard: Shard) -> range:
        while True:
            block = self._random_bits(_BLOCK_BITS)
            if await serial_store.take_block(db, shard, block=block, taken_by=self._taken_by):
                return range(block * BLOCK, (block + 1) * BLOCK)
