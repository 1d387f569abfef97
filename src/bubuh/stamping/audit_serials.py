"""Account for every number of every block: used, void with its reason, in work, or unused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database
from bubuh.stamping import serial_store
from bubuh.stamping.serial import BLOCK

_PAGE: Final = 20  #: blocks a statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccounted:
    """A number that no rule explains."""

    shard: Shard
    serial: int
    serial_no: str | None  #: as the world reads it, where a row says so
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialReport:
    """What became of all numbers of all blocks, and of those in rows that no block holds."""

    blocks: int
    used: int  #: on an affixed stamp, sealed and in the log
    void: int  #: on a returned stamp, in the log with its reason
    in_work: int  #: on a stamp that has not ended
    unused: int  #: in the hands of a worker, or lost with one
    void_reasons: Mapping[str, int]
    holders: Mapping[str, int]  #: blocks by who took them
    unaccounted: Sequence[Unaccounted]

    @property
    def is_whole(self) -> bool:
        """Whether every number is accounted for."""
        return not self.unaccounted


async def audit_serials(db: Database) -> SerialReport:
    """Look at every block of every shard, while the service works: each statement is one snapshot."""
    fates, reasons, holders = Counter[str](), Counter[str](), Counter[str]()
    unaccounted: list[Unaccounted] = []
    for shard in ALL_SHARDS:
        after = -1
        while blocks := await serial_store.list_blocks(db, shard, after=after, at_most=_PAGE):
            holders.update(block.taken_by for block in blocks)
            after = blocks[-1].block
            rows = await serial_store.list_fates(db, shard, [block.block for block in blocks])
            fates.update(row.fate for row in rows if row.fate is not None)
            reasons.update(row.reason for row in rows if row.fate == "void" and row.reason is not None)
            fates["unused"] += len(blocks) * BLOCK - len({row.serial for row in rows})
            unaccounted += [_unaccounted(shard, row) for row in rows if row.fate is None]
        unaccounted += [_unaccounted(shard, row) for row in await serial_store.list_stray_serials(db, shard)]
    return SerialReport(
        blocks=holders.total(),
        used=fates["used"],
        void=fates["void"],
        in_work=fates["in_work"],
        unused=fates["unused"],
        void_reasons=dict(reasons),
        holders=dict(holders),
        unaccounted=unaccounted,
    )


def _unaccounted(shard: Shard, row: serial_store.FateRow | serial_store.StrayRow) -> Unaccounted:
    found = row.found if isinstance(row, serial_store.FateRow) else f"{row.found}, no block"
    return Unaccounted(shard=shard, serial=row.serial, serial_no=row.serial_no, found=found)
