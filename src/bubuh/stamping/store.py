"""The stamping slice's statements, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import SetAct
from bubuh.db.pool import Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.pdf.model import Level, Place, Tier
from bubuh.stamping.model import (
    Base,
    Event,
    Job,
    Lease,
    Planned,
    Stamp,
    WantedStamp,
    WrittenIntent,
)
from bubuh.stamping.moves import StampState

SQL: Any = load_queries(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """One stamp that somebody wants, under an id of its maker's."""

    stamp_id: UUID
    account_id: AccountId
    actor: str
    wanted: WantedStamp


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOutcome:
    """done, already_done, conflict, exhausted or frozen; `free` stamps are left."""

    outcome: str
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What is recorded of a stamp whose sealed increment is stored."""

    lease: Lease
    object_key: str
    increment_bytes: int
    sha256: bytes  #: of the whole document, this increment included
    size_bytes: int
    gap_at: int  #: in the increment: where the seal's room begins


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReturn:
    """A stamp whose quota is to be given back. No fence: only while nobody works on it."""

    account_id: AccountId
    stamp_id: UUID
    fence: int | None
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntent:
    """An intent to be written, once."""

    lease: Lease
    written: WrittenIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """What is to be signed and what it is over, to be written, once."""

    lease: Lease
    digest: bytes
    planned: Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a stamp made of its document."""

    document_id: UUID
    state: str  #: of the stamp
    content_unseen: bool  #: the document stayed at home
    no: int | None  #: of the revision, once there is one
    level_state: str  #: pending or settled


def _accept_arguments(wanted: Sequence[AcceptRequest]) -> Sequence[object]:
    return (
        [w.stamp_id for w in wanted],
        [w.account_id for w in wanted],
        [w.actor for w in wanted],
        [w.wanted.sha256() for w in wanted],
        [w.wanted.document_id for w in wanted],
        [w.wanted.place.page for w in wanted],
        [w.wanted.place.x_pt for w in wanted],
        [w.wanted.place.y_pt for w in wanted],
        [w.wanted.place.side_pt for w in wanted],
        [w.wanted.document_type for w in wanted],
        [w.wanted.document_no for w in wanted],
        [w.wanted.document_date for w in wanted],
    )


#: hold and accept
accept_n: Final = SetAct[AcceptRequest, AcceptOutcome](
    SQL.accept_n.sql,
    _accept_arguments,
    lambda _, row: AcceptOutcome(outcome=row["outcome"], free=row["free"]),
)


async def find_stamp(db: Database, account_id: AccountId, stamp_id: UUID) -> Stamp | None:
    """The account's stamp with its timeline, or None."""
    row = await db.fetchrow(SQL.find_stamp.sql, shard_of_account(account_id), account_id, stamp_id)
    return None if row is None else _stamp(row)


async def count_before(db: Database, account_id: AccountId, stamp_id: UUID, *, most: int) -> int | None:
    """How many stamps, `most` at most, stand before it in its line; None: it waits no longer."""
    found: int | None = await db.fetchval(
        SQL.count_before.sql, shard_of_account(account_id), account_id, stamp_id, most
    )
    return found


async def list_stamps(
    db: Database, account_id: AccountId, *, before: tuple[datetime, UUID], most: int
) -> list[Stamp]:
    """The account's stamps below `before`, newest first."""
    shard = shard_of_account(account_id)
    return [_stamp(row) for row in await db.fetch(SQL.list_stamps.sql, shard, account_id, *before, most)]


@dataclass(frozen=True, slots=True)
class Overdue:
    """Another worker's lease that is over by the database's clock, unless it is renewed."""

    stamp_id: UUID
    until: datetime


async def list_overdue(db: Database, shard: Shard, *, worker: str, most: int) -> list[Overdue]:
    """At most `most` leases of `shard` that are over and not `worker`'s, the oldest first."""
    rows = await db.fetch(SQL.list_overdue.sql, shard, worker, most)
    return [Overdue(row["id"], row["lease_until"]) for row in rows]


async def list_waiting(db: Database, shards: Sequence[Shard]) -> list[Shard]:
    """Those of `shards` where a stamp may be waiting for a worker; one way there and back for all of them."""
    rows = await db.fetchmany(SQL.find_waiting.sql, [(shard,) for shard in shards])
    return [Shard(row["shard"]) for row in rows]


async def lease_n(
    db: Database,
    shard: Shard,
    *,
    worker: str,
    most: int,
    lease_s: float,
    suspects: int = 1,
    unrenewed: Sequence[Overdue] = (),
) -> list[Lease]:
    """Up to `most` jobs of `shard`, each under a new fence; of them `suspects`, over which a worker died.

    Of other workers' leases those in `unrenewed` are taken, if they are over and not renewed even now.
    """
    rows = await db.fetch(
        SQL.lease_n.sql, shard, worker, most, suspects, lease_s, *columns(unrenewed, "stamp_id", "until")
    )
    return [_lease(row) for row in rows]


async def list_own(db: Database, shard: Shard, *, worker: str) -> list[Lease]:
    """The leases of `shard` that are `worker`'s, those among them of which no answer told."""
    return [_lease(row) for row in await db.fetch(SQL.list_own.sql, shard, worker)]


async def renew_n(db: Database, shard: Shard, leases: Sequence[Lease], *, lease_s: float) -> set[UUID]:
    """Prolong `leases` of `shard`; answers the stamps whose lease still holds."""
    rows = await db.fetch(SQL.renew_n.sql, shard, *_columns(leases), lease_s)
    return {row["id"] for row in rows}


async def yield_n(db: Database, shard: Shard, leases: Sequence[Lease], *, wait_s: float = 0.0) -> None:
    """Give `leases` of `shard` back, to be taken again after `wait_s`."""
    await db.fetch(SQL.yield_n.sql, shard, *_columns(leases), wait_s)


async def bury(db: Database, shard: Shard, *, worker: str) -> int:
    """End the leases that a dead process named `worker` left in `shard`; answers how many."""
    return int(await db.fetchval(SQL.bury.sql, shard, worker))


def _intend_arguments(new: Sequence[NewIntent]) -> Sequence[object]:
    written = columns(
        [n.written for n in new],
        "serial",
        "serial_no",
        "base_revision",
        "base_sha256",
        "signed_at",
        "file_id",
        "key_id",
        "level",
        "time_stamp_room",
    )
    return (*_columns([n.lease for n in new]), *written)


#: write each intent, once; false where the fence is lost or another intent stands
intend_n: Final = SetAct[NewIntent, bool](SQL.intend_n.sql, _intend_arguments, lambda _, row: row["stands"])


def _plan_arguments(new: Sequence[NewPlan]) -> Sequence[object]:
    planned = columns([n.planned for n in new], "sealed", "tier")
    return (*_columns([n.lease for n in new]), [n.digest for n in new], *planned)


#: write what is to be signed and what it is over, once; false: the fence is lost, or another stands
write_plan_n: Final = SetAct[NewPlan, bool](
    SQL.write_plan_n.sql, _plan_arguments, lambda _, row: row["stands"]
)


def _affix_arguments(finished: Sequence[Finished]) -> Sequence[object]:
    found = columns(finished, "object_key", "increment_bytes", "sha256", "size_bytes", "gap_at")
    return (*_columns([f.lease for f in finished]), *found)


#: S6: done, already_done, expired or unsealed
affix_n: Final = SetAct[Finished, str](SQL.affix_n.sql, _affix_arguments, lambda _, row: row["outcome"])

#: give the quotas back: done, already_done, sealed or expired
return_n: Final = SetAct[WantedReturn, str](
    SQL.return_n.sql,
    lambda wanted: columns(wanted, "stamp_id", "account_id", "fence", "reason", "actor"),
    lambda _, row: row["outcome"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToBeNamed:
    """An object that a row will name, perhaps: the base of a document, or what stamps append to it."""

    account_id: AccountId
    document_id: UUID
    no: int | None  #: of the revision; None: the base of a document that is being received


async def read_clock(db: Database) -> datetime:
    """The database's time."""
    now: datetime = await db.fetchval(SQL.read_clock.sql)
    return now


async def list_waited_too_long(
    db: Database, shard: Shard, *, wait_s: float, most: int
) -> list[tuple[AccountId, UUID]]:
    """Accepted stamps of `shard` that waited longer than `wait_s`, oldest first."""
    rows = await db.fetch(SQL.list_waited_too_long.sql, shard, wait_s, most)
    return [(AccountId(row["account_id"]), row["id"]) for row in rows]


async def count_seals(db: Database, shard: Shard) -> dict[str, int]:
    """How many stamps of `shard` each key sealed."""
    rows = await db.fetch(SQL.count_seals.sql, shard)
    return {row["key_id"]: row["seals"] for row in rows}


async def count_in_work(db: Database, shard: Shard, key_id: str) -> int:
    """How many stamps of `shard` are to be sealed with the key, or are sealed and not yet affixed."""
    return int(await db.fetchval(SQL.count_in_work.sql, shard, key_id))


async def find_made(db: Database, account_id: AccountId, stamp_id: UUID) -> Made | None:
    """What the account's stamp made of its document, or None when there is no such stamp."""
    row = await db.fetchrow(SQL.find_made.sql, shard_of_account(account_id), account_id, stamp_id)
    return None if row is None else Made(**row)


def _stamp(row: Row) -> Stamp:
    state = StampState(row["state"])
    return Stamp(
        id=row["id"],
        account_id=AccountId(row["account_id"]),
        document_id=row["document_id"],
        state=state,
        place=_place(row),
        document_type=row["document_type"],
        document_no=row["document_no"],
        document_date=row["document_date"],
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        serial_no=row["serial_no"] if state is StampState.AFFIXED else None,
        tier=Tier(row["tier"]) if state is StampState.AFFIXED else None,
        level=Level(row["level"]) if state is StampState.AFFIXED else None,
        content_unseen=row["content_unseen"],
        reason=row["reason"],
        timeline=tuple(
            Event(state=StampState(entered), at=at)
            for entered, at in zip(row["states"], row["ats"], strict=True)
        ),
    )


def _job(lease: Lease, row: Row) -> Job | None:
    if row["document_id"] is None:
        return None
    return Job(
        lease=lease,
        document_id=row["document_id"],
        place=_place(row),
        deaths=row["deaths"],
        sealed=row["sealed"],
        base=Base(
            revision=row["newest_no"], sha256=row["newest_sha256"], content_unseen=row["content_unseen"]
        ),
        written=_written(row),
        planned=None
        if row["plan_sealed"] is None
        else Planned(sealed=row["plan_sealed"], tier=Tier(row["tier"])),
    )


def _place(row: Row) -> Place:
    return Place(page=row["page"], x_pt=row["x_pt"], y_pt=row["y_pt"], side_pt=row["side_pt"])


def _written(row: Row) -> WrittenIntent | None:
    if row["serial"] is None:
        return None
    return WrittenIntent(
        serial=row["serial"],
        serial_no=row["serial_no"],
        base_revision=row["base_revision"],
        base_sha256=row["base_sha256"],
        signed_at=row["signed_at"],
        file_id=row["file_id"],
        key_id=row["key_id"],
        level=Level(row["level"]),
        time_stamp_room=row["time_stamp_room"],
    )


def _lease(row: Row) -> Lease:
    return Lease(
        account_id=AccountId(row["account_id"]),
        stamp_id=row["id"],
        fence=row["fence"],
        is_suspect=row["deaths"] > 0,
    )


def _columns(leases: Sequence[Lease]) -> tuple[list[UUID], list[AccountId], list[int]]:
    return (
        [lease.stamp_id for lease in leases],
        [lease.account_id for lease in leases],
        [lease.fence for lease in leases],
    )


async def list_named_objects(db: Database, shard: Shard, keys: Sequence[str]) -> list[str]:
    """Those of the object keys that a row of `shard` names."""
    return [row["object_key"] for row in await db.fetch(SQL.list_named_objects.sql, shard, keys)]


async def list_to_be_named(db: Database, shard: Shard) -> list[ToBeNamed]:
    """What of `shard` may have an object that no row names yet."""
    return [ToBeNamed(**row) for row in await db.fetch(SQL.list_to_be_named.sql, shard)]


#: what the row of each stamp says, or None where the fence no longer holds
find_job_n: Final = SetAct[Lease, Job | None](SQL.find_job_n.sql, _columns, _job)
