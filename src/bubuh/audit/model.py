"""An entry of the audit, what its hash covers (the twin of SQL's `audit_hash`), how a chain can break."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard

SEPARATOR: Final = "\x1f"  #: between the fields that are hashed; no field may hold it
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act, as its row holds it. `facts` is JSON text, hashed letter by letter."""

    shard: Shard
    no: int  #: from 1, without gaps
    account_id: AccountId
    act: str
    actor: str
    facts: str
    recorded_at: datetime
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a shard's chain: how many entries it has, and the newest one's hash."""

    shard: Shard
    no: int
    hash: bytes


class BreakKind(StrEnum):
    """What is wrong with an entry."""

    MISSING = "missing"  #: entries before it, or up to the head, are gone
    ALTERED = "altered"  #: its hash is not the hash of its fields
    UNLINKED = "unlinked"  #: it does not name the hash of the entry before it
    HEAD_DIFFERS = "head_differs"  #: the head is not the hash of the last entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One place where a chain does not hold."""

    shard: Shard
    no: int
    kind: BreakKind


def hash_entry(entry: Entry, *, previous_hash: bytes) -> bytes:
    """The hash of `entry` after the entry with `previous_hash`. Time counts in whole microseconds."""
    moment_us = (entry.recorded_at - _EPOCH) // timedelta(microseconds=1)
    fields = (entry.shard, entry.no, entry.account_id, entry.act, entry.actor, entry.facts, moment_us)
    return hashlib.sha256(previous_hash + SEPARATOR.join(map(str, fields)).encode()).digest()


def first_hash(shard: Shard) -> bytes:
    """What the first entry of a shard stands on."""
    return hashlib.sha256(f"bubuh audit chain {shard}".encode()).digest()


class Chain:
    """A shard's entries, checked one after the other as they are read."""

    def __init__(self, shard: Shard, after: Head | None = None) -> None:
        """From the first entry, or from the one after `after`."""
        self.shard = shard
        self.no = 0 if after is None else after.no
        self._hash = first_hash(shard) if after is None else after.hash

    @property
    def reached(self) -> Head:
        """The last entry that was checked."""
        return Head(shard=self.shard, no=self.no, hash=self._hash)

    def check(self, entries: Iterable[Entry]) -> Iterator[Break]:
        """The breaks among `entries`, which follow those checked before."""
        for entry in entries:
            if entry.no != self.no + 1:
                yield self._break(entry.no, BreakKind.MISSING)
            elif entry.previous_hash != self._hash:
                yield self._break(entry.no, BreakKind.UNLINKED)
            if entry.hash != hash_entry(entry, previous_hash=entry.previous_hash):
                yield self._break(entry.no, BreakKind.ALTERED)
            self.no, self._hash = entry.no, entry.hash

    def check_end(self, head: Head) -> Iterator[Break]:
        """The break between the last entry checked and the head, if there is one."""
        if head.no != self.no:
            yield self._break(head.no, BreakKind.MISSING)
        elif head.hash != self._hash:
            yield self._break(head.no, BreakKind.HEAD_DIFFERS)

    def _break(self, no: int, kind: BreakKind) -> Break:
        return Break(shard=self.shard, no=no, kind=kind)
