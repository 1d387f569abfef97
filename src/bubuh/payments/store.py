"""The statements of payments, one typed function each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.batch import SetAct
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.payments.lines import Kind, Line, Unmatched
from bubuh.payments.model import Address, Attempt, AttemptState, Method, Word

SQL = load_queries("bubuh.payments")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice to be kept, as it came; `refusal`: why it is not believed."""

    gateway: str
    event_id: str
    address: Address
    body: bytes
    headers: Mapping[str, str]
    refusal: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is kept by."""
        return self.gateway, self.event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNotice:
    """A notice out of the inbox, as it came."""

    gateway: str
    event_id: str
    address: Address
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    tries: int  #: how often it was taken to be processed, this time included
    is_old: bool  #: came more than a day ago


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNotice:
    """A notice in the inbox, as it came; `refusal`: why it is not believed."""

    body: bytes
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeEnd:
    """What became of a kept notice."""

    notice: KeptNotice
    state: str  #: waiting, done, refused or unmatched
    outcome: str


async def find_attempts(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> list[Attempt]:
    """An order's attempts, the newest first."""
    rows = await conn.fetch(SQL.find_attempts.sql, shard_of_account(account_id), account_id, order_id)
    return [_attempt(row) for row in rows]


async def match_attempts(db: Database, names: Mapping[Shard, Sequence[tuple[str, str]]]) -> list[Attempt]:
    """The attempts known by these (gateway, reference), by shard; one way there and back."""
    arguments = [
        (shard, [gateway for gateway, _ in group], [reference for _, reference in group])
        for shard, group in names.items()
    ]
    return [_attempt(row) for row in await db.fetchmany(SQL.match_attempts.sql, arguments)]


async def match_accounts(
    db: Database, names: Mapping[Shard, Sequence[tuple[str, str]]]
) -> dict[tuple[str, str], Attempt]:
    """The attempts whose virtual accounts have these (gateway, number), by shard.

    A number that stands for two is left out: nobody's money is booked by a guess.
    """
    arguments = [
        (shard, [gateway for gateway, _ in group], [account_no for _, account_no in group])
        for shard, group in names.items()
    ]
    found: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for row in await db.fetchmany(SQL.match_accounts.sql, arguments):
        told = dict(row)
        account_no = told.pop("va")
        attempt = _attempt(told)
        found[attempt.gateway, account_no].append(attempt)
    return {name: attempts[0] for name, attempts in found.items() if len(attempts) == 1}


async def look(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> None:
    """Note that the buyer is looking at the order."""
    await conn.execute(SQL.look.sql, shard_of_account(account_id), account_id, order_id)


async def take_now(db: Database, *, account_id: AccountId, order_id: UUID) -> list[Attempt]:
    """The order's attempts to be asked about now; none when all are paid or were asked about just now."""
    rows = await db.fetch(SQL.take_now.sql, shard_of_account(account_id), account_id, order_id)
    return [_attempt(row) for row in rows]


async def list_due_shards(db: Database, *, resting: Sequence[str]) -> list[Shard]:
    """Where attempts are due, but at `resting` gateways; one way there and back for all shards."""
    rows = await db.fetchmany(SQL.find_due.sql, [(shard, list(resting)) for shard in ALL_SHARDS])
    return [Shard(row["shard"]) for row in rows]


async def take_due_n(conn: Conn, shard: Shard, *, resting: Sequence[str], at_most: int) -> list[Attempt]:
    """Due attempts of a shard, but at `resting` gateways; no other worker asks about them as well."""
    rows = await conn.fetch(SQL.take_due_n.sql, shard, list(resting), at_most)
    return [_attempt(row) for row in rows]


def _record_arguments(words: Sequence[Word]) -> Sequence[object]:
    return (
        [word.attempt.account_id for word in words],
        [word.attempt.order_id for word in words],
        [word.attempt.no for word in words],
        [str(word.charge.state) for word in words],
        [word.charge.details.qris for word in words],
        [word.charge.details.va for word in words],
        [word.charge.details.pay_url for word in words],
    )


#: record what gateways say of attempts, each at most once; how each stands now: what is known better stays
record_n: Final = SetAct[Word, AttemptState](
    SQL.record_n.sql, _record_arguments, lambda _, row: AttemptState(row["state"])
)


async def note_fault(db: Database, attempt: Attempt, *, fault: str) -> None:
    """Keep why the gateway could not be asked about `attempt`."""
    await db.execute(
        SQL.note_fault.sql, attempt.shard, attempt.account_id, attempt.order_id, attempt.no, fault
    )


async def keep_notices_n(db: Database, notices: Sequence[NewNotice]) -> list[bool]:
    """Keep notices, waiting or (with `refusal`) refused, in one commit. False of one that is kept already."""
    rows = await db.fetch(
        SQL.keep_notices_n.sql,
        [notice.gateway for notice in notices],
        [notice.event_id for notice in notices],
        [str(notice.address) for notice in notices],
        [notice.body for notice in notices],
        [msgspec.json.encode(dict(notice.headers)).decode() for notice in notices],
        [notice.refusal for notice in notices],
    )
    return [bool(row["is_new"]) for row in rows]


async def find_notice(db: Database, *, gateway: str, event_id: str) -> FoundNotice | None:
    """A notice that is kept, as it came."""
    row = await db.fetchrow(SQL.find_notice.sql, gateway, event_id)
    return None if row is None else FoundNotice(**row)


async def note_bank_call(
    db: Database, *, gateway: str, day: date, external_no: str, request_sha256: bytes
) -> bool:
    """Note the number of a bank's call; false: on this day it stands for another request."""
    return bool(await db.fetchval(SQL.note_bank_call.sql, gateway, day, external_no, request_sha256))


async def lease_notices_n(db: Database, *, at_most: int) -> list[KeptNotice]:
    """Waiting notices, the oldest first; none of them is leased again at once."""
    rows = await db.fetch(SQL.lease_notices_n.sql, at_most)
    return [_kept(row) for row in rows]


async def end_notices_n(db: Database, ends: Sequence[NoticeEnd]) -> None:
    """Write what became of notices."""
    await db.execute(
        SQL.end_notices_n.sql,
        [end.notice.gateway for end in ends],
        [end.notice.event_id for end in ends],
        [end.state for end in ends],
        [end.outcome for end in ends],
    )


async def list_unmatched_n(db: Database, shard: Shard, found: Sequence[Unmatched]) -> int:
    """List what belongs to `shard`; how many lines are new."""
    names = ("owner", "kind", "gateway", "subject", "order_id", "reference", "amount", "currency")
    arrays = columns(found, *names, "why", "suggestion")
    return int(await db.fetchval(SQL.list_unmatched_n.sql, shard, *arrays))


async def match_lines(db: Database, found: Sequence[Unmatched]) -> None:
    """Resolve lines whose subject has found its place by itself."""
    by_shard: dict[Shard, list[Unmatched]] = defaultdict(list)
    for each in found:
        by_shard[shard_of_account(each.owner)].append(each)
    for shard, group in by_shard.items():
        await db.execute(SQL.match_line_n.sql, shard, *columns(group, "owner", "kind", "gateway", "subject"))


async def open_lines(db: Database, shard: Shard, *, at_most: int) -> list[Line]:
    """The open lines of a shard, the oldest first."""
    rows = await db.fetch(SQL.open_lines.sql, shard, at_most)
    return [Line(**{**row, "kind": Kind(row["kind"])}) for row in rows]


async def resolve_line(
    conn: Conn, shard: Shard, line_id: UUID, *, resolution: str, reason: str, actor: str
) -> Literal["done", "already_done", "unknown"]:
    """End a line."""
    outcome = await conn.fetchval(SQL.resolve_line.sql, shard, line_id, resolution, reason, actor)
    return cast("Literal['done', 'already_done', 'unknown']", outcome)


async def owner_of_line(conn: Conn, shard: Shard, line_id: UUID) -> AccountId:
    """The account of a line that is there."""
    return AccountId(await conn.fetchval(SQL.owner_of_line.sql, shard, line_id))


def _kept(row: Row) -> KeptNotice:
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    return KeptNotice(**{**row, "address": Address(row["address"]), "headers": headers})


def _attempt(row: Row | Mapping[str, Any]) -> Attempt:
    return Attempt(**{**row, "method": Method(row["method"]), "state": AttemptState(row["state"])})
