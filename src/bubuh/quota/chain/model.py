"""A link of the chain, what its hash and a transfer's cover (the twins of SQL's), how a chain can break.

The encoding is told in docs/reference/transfer-chain.md, for whoever checks it with a program of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard

_SEPARATOR: Final = "\x1f"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One transfer, every column of it."""

    shard: Shard
    account_id: AccountId
    no: int
    ref: UUID
    kind: str
    debit: str
    credit: str
    stamps: int
    counter_account_id: AccountId | None
    recorded_at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Some accounts' next transfers: of `account_ids[i]` those numbered `firsts[i]` to `lasts[i]`."""

    shard: Shard
    no: int  #: from 1, without gaps
    account_ids: Sequence[AccountId]
    firsts: Sequence[int]
    lasts: Sequence[int]
    leaves: bytes  #: the transfers' hashes, in the order of account and number
    linked_at: datetime
    previous_hash: bytes
    hash: bytes

    def places(self) -> Iterator[tuple[AccountId, int]]:
        """Account and number of each transfer, in the order of `leaves`."""
        for account_id, first, last in zip(self.account_ids, self.firsts, self.lasts, strict=True):
            for no in range(first, last + 1):
                yield account_id, no


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a shard's chain: how many links it has, and the newest one's hash."""

    shard: Shard
    no: int
    hash: bytes


class BreakKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"  #: a transfer or link that should be there is not
    ALTERED = "altered"  #: its hash is not the hash of what it says
    ADDED = "added"  #: a transfer that no function wrote
    UNLINKED = "unlinked"  #: a link that does not follow the one before it
    HEAD_DIFFERS = "head_differs"  #: the chain does not end where its head, or a signed one, says


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One place where the transfers and their chain do not agree."""

    shard: Shard
    kind: BreakKind
    link: int | None = None  #: number of the link, when the link itself is wrong
    account_id: AccountId | None = None  #: of a transfer, with
    no: int | None = None  #: its number
    ref: UUID | None = None  #: and its ref, when the row is there


def hash_transfer(row: TransferRow) -> bytes:
    """The hash of a transfer; SQL's twin is `quota_leaf`. Time counts in whole microseconds."""
    fields = (
        "transfer",
        row.shard,
        row.account_id,
        row.no,
        row.ref,
        row.kind,
        row.debit,
        row.credit,
        row.stamps,
        row.counter_account_id or 0,
        micros(row.recorded_at),
        row.actor,
    )
    return hashlib.sha256(_SEPARATOR.join(map(str, fields)).encode()).digest()


def hash_link(link: Link, *, previous_hash: bytes) -> bytes:
    """The hash of a link after the one with `previous_hash`; SQL's twin is `quota_link_hash`."""
    lists = (",".join(map(str, numbers)) for numbers in (link.account_ids, link.firsts, link.lasts))
    text = _SEPARATOR.join(("link", str(link.shard), str(link.no), str(micros(link.linked_at)), *lists))
    return hashlib.sha256(previous_hash + hashlib.sha256(link.leaves).digest() + text.encode()).digest()


def first_hash(shard: Shard) -> bytes:
    """What the first link of a shard stands on."""
    return hashlib.sha256(f"bubuh transfer chain {shard}".encode()).digest()


@dataclass(slots=True)
class Chain:
    """A shard's links, checked one after the other as they are read."""

    shard: Shard
    no: int = 0
    linked: dict[AccountId, int] = field(default_factory=dict)  #: the last number linked of each account
    _hash: bytes = b""

    def __post_init__(self) -> None:
        self._hash = first_hash(self.shard)

    def check(self, link: Link) -> Iterator[Break]:
        """The breaks between `link` and those before it."""
        if link.no != self.no + 1:
            yield Break(shard=self.shard, kind=BreakKind.MISSING, link=self.no + 1)
        elif link.previous_hash != self._hash or not self._follows(link):
            yield Break(shard=self.shard, kind=BreakKind.UNLINKED, link=link.no)
        if link.hash != hash_link(link, previous_hash=link.previous_hash):
            yield Break(shard=self.shard, kind=BreakKind.ALTERED, link=link.no)
        self.no, self._hash = link.no, link.hash
        self.linked.update(zip(link.account_ids, link.lasts, strict=True))

    def check_end(self, head: Head) -> Iterator[Break]:
        """The break between the last link checked and the head, if there is one."""
        if head.no != self.no:
            yield Break(shard=self.shard, kind=BreakKind.MISSING, link=min(head.no, self.no) + 1)
        elif head.hash != self._hash:
            yield Break(shard=self.shard, kind=BreakKind.HEAD_DIFFERS, link=head.no)

    def _follows(self, link: Link) -> bool:
        """Whether it takes each account on where the chain left it, and has a hash for each transfer."""
        starts = zip(link.account_ids, link.firsts, link.lasts, strict=True)
        count = sum(last - first + 1 for _, first, last in starts)
        return len(link.leaves) == _HASH_BYTES * count and all(
            first == self.linked.get(account_id, 0) + 1
            for account_id, first in zip(link.account_ids, link.firsts, strict=True)
        )


def compare(link: Link, rows: Sequence[TransferRow]) -> Iterator[Break]:
    """The breaks between what `link` bound and the transfers that stand in its ranges, in their order."""
    found = iter(rows)
    row = next(found, None)
    for at, place in enumerate(link.places()):
        if row is None or (row.account_id, row.no) != place:
            account_id, no = place
            yield Break(shard=link.shard, kind=BreakKind.MISSING, account_id=account_id, no=no)
            continue
        leaf = link.leaves[at * _HASH_BYTES : (at + 1) * _HASH_BYTES]
        if hash_transfer(row) != leaf:
            yield _of_row(row, BreakKind.ALTERED)
        while (row := next(found, None)) is not None and (row.account_id, row.no) == place:
            yield _of_row(
                row, BreakKind.ADDED
            )  # only where the key was taken away: a second one of the number


def _of_row(row: TransferRow, kind: BreakKind) -> Break:
    return Break(shard=row.shard, kind=kind, account_id=row.account_id, no=row.no, ref=row.ref)


def micros(at: datetime) -> int:
    """Whole microseconds since 1970, UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)
