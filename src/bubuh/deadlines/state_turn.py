"""Have a proof of turn signed: what the gate's log shows, once for each thing that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bubuh.core.ids import show_id
from bubuh.db.pool import Conn
from bubuh.statements.model import Kind, Statement, to_bytes
from bubuh.statements.store import newest, want_once
from bubuh.waitingroom.proof import Outcome, Shown, TurnRecord
from bubuh.waitingroom.refusals import TurnTooNew

PREFIX: Final = "trn"
_RENEWED: Final = timedelta(minutes=10)  #: a proof of somebody who waits is not asked for more often


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFacts:
    """What a proof says of the lane."""

    name: str
    title: str
    deadline_at: datetime | None


async def state_turn(
    conn: Conn, shown: Shown, lane: LaneFacts, *, issuer: str, holder: str, anew: bool, now: datetime
) -> UUID:
    """Want the proof of what `shown` says, unless it stands already; in a transaction. Its subject.

    `anew`: the page of the proof that stands was laid out otherwise, and cannot be made again.

    Raises:
        TurnTooNew: its minute is not over yet.
    """
    subject, seen = UUID(hex=shown.subject), shown.seen
    if seen is None:
        raise TurnTooNew
    standing = await newest(conn, Kind.TURN, subject)
    before = None if standing is None else msgspec.json.decode(standing.facts, type=TurnRecord)
    told = TurnRecord(
        issuer=issuer,
        subject=show_id(PREFIX, subject),
        no=1 if before is None else before.no + 1,
        lane=lane.name,
        title=lane.title,
        number=shown.number,
        holder=holder,
        deadline_at=lane.deadline_at,
        given_after=_moment(seen.given_after),
        given_by=_known(seen.given_by),
        waited_at=_moment(seen.waited_at),
        ahead=seen.ahead,
        called_by=_moment(seen.called_by),
        was_open=seen.was_open,
        stated_at=max(now.replace(microsecond=0), _known(seen.called_by or seen.waited_at or seen.given_by)),
    )
    if before is None or anew or _says_more(told, before):
        for kind in (Kind.TURN, Kind.TURN_SHEET):
            await want_once(conn, Statement(kind=kind, subject=subject, no=told.no, facts=to_bytes(told)))
    return subject


def _says_more(told: TurnRecord, before: TurnRecord) -> bool:
    if told.outcome is not before.outcome:
        return True
    return told.outcome is Outcome.WAITING and told.stated_at - before.stated_at >= _RENEWED


def _known(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def _moment(at_s: int | None) -> datetime | None:
    return None if at_s is None else _known(at_s)
