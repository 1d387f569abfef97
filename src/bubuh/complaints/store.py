"""The statements of complaints, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bubuh.complaints.model import (
    ANSWER_WITHIN_S,
    Code,
    Complaint,
    ComplaintState,
    Finding,
    Subject,
    SubjectKind,
    WantedComplaint,
)
from bubuh.core.ids import AccountId, shard_of_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries

SQL: Final[Any] = load_queries("bubuh.complaints")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenStamp:
    """A stamp, as the machine looks at it."""

    state: str
    accepted_at: datetime
    ended_at: datetime | None
    reason: str | None
    hold: str | None  #: state of what was held for it
    is_gone: bool  #: its document's bytes were destroyed
    content_unseen: bool  #: its document never was here
    is_sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRefund:
    """A refund, as the machine looks at it."""

    state: str
    amount_idr: int
    stamps: int
    asked_at: datetime
    ended_at: datetime | None
    is_overdue: bool


async def open_complaint(
    conn: Conn,
    wanted: WantedComplaint,
    *,
    complaint_id: UUID,
    account_id: AccountId,
    words_sealed: bytes,
    findings: Sequence[Finding],
    actor: str,
) -> bool:
    """Write a new complaint; False: there is one of this id."""
    told = [{"code": str(found.code), "facts": dict(found.facts)} for found in findings]
    row = await conn.fetchrow(
        SQL.open_complaint.sql,
        shard_of_account(account_id),
        account_id,
        complaint_id,
        wanted.sha256,
        str(wanted.subject.kind),
        wanted.subject.id,
        words_sealed,
        told,
        actor,
        ANSWER_WITHIN_S,
    )
    return row is not None


async def count_open(conn: Conn, account_id: AccountId) -> int:
    """How many of the account's wait for an answer."""
    return int(await conn.fetchval(SQL.count_open.sql, shard_of_account(account_id), account_id))


async def note(
    conn: Conn, account_id: AccountId, complaint_id: UUID, *, state: ComplaintState, move: str
) -> None:
    """Write that a complaint entered `state`."""
    shard = shard_of_account(account_id)
    await conn.execute(SQL.note.sql, shard, account_id, complaint_id, str(state), move)


async def find_complaint(where: Conn | Database, complaint_id: UUID) -> Complaint | None:
    """The complaint of this number, or None."""
    row = await where.fetchrow(SQL.find_complaint.sql, shard_of_id(complaint_id), complaint_id)
    return None if row is None else _complaint(row)


async def list_of_account(
    db: Database, account_id: AccountId, *, before: tuple[datetime, UUID], at_most: int
) -> list[Complaint]:
    """The account's that were opened before `before` (time, id), newest first."""
    shard = shard_of_account(account_id)
    rows = await db.fetch(SQL.list_of_account.sql, shard, account_id, *before, at_most)
    return [_complaint(row) for row in rows]


async def list_open(db: Database, shard: Shard, *, at_most: int) -> list[Complaint]:
    """Those of a shard that wait for an answer, the most urgent first."""
    return [_complaint(row) for row in await db.fetch(SQL.list_open.sql, shard, at_most)]


async def answer(
    conn: Conn, complaint_id: UUID, *, answer_sealed: bytes, answered_by: str
) -> AccountId | None:
    """Answer an open complaint; whose it is, or None when it is not open."""
    found: int | None = await conn.fetchval(
        SQL.answer.sql, shard_of_id(complaint_id), complaint_id, answer_sealed, answered_by
    )
    return None if found is None else AccountId(found)


async def withdraw(conn: Conn, account_id: AccountId) -> list[UUID]:
    """Withdraw those of the account that are open; which they are."""
    return [row["id"] for row in await conn.fetch(SQL.withdraw.sql, shard_of_account(account_id), account_id)]


async def forget(conn: Conn, account_id: AccountId) -> None:
    """Delete what people of the account wrote, and what they were answered."""
    await conn.execute(SQL.forget.sql, shard_of_account(account_id), account_id)


async def look_at_stamp(db: Database, account_id: AccountId, stamp_id: UUID) -> SeenStamp | None:
    """The account's stamp, or None."""
    row = await db.fetchrow(SQL.look_at_stamp.sql, shard_of_account(account_id), account_id, stamp_id)
    return None if row is None else SeenStamp(**row)


async def look_at_refund(db: Database, account_id: AccountId, refund_id: UUID) -> SeenRefund | None:
    """The account's refund, or None."""
    row = await db.fetchrow(SQL.look_at_refund.sql, shard_of_account(account_id), account_id, refund_id)
    return None if row is None else SeenRefund(**row)


def _complaint(row: Row) -> Complaint:
    told = dict(row)
    subject = Subject(kind=SubjectKind(told.pop("subject_kind")), id=told.pop("subject_id"))
    findings = tuple(Finding(code=Code(one["code"]), facts=one["facts"]) for one in told.pop("findings"))
    return Complaint(**{**told, "state": ComplaintState(told["state"])}, subject=subject, findings=findings)
