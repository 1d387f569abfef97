"""Register a deadline, and close it: what an agency wants, by an operator's hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE, fresh_id, show_id
from bubuh.db.pool import Conn
from bubuh.deadlines import store
from bubuh.deadlines.model import (
    FIRST_LANE,
    LAST_LANE,
    MOST_LETTERS,
    Deadline,
    Eligibility,
    NewDeadline,
    is_salt,
    is_slug,
)
from bubuh.deadlines.refusals import DeadlineTaken, DeadlineUnknown, DeadlineWrong
from bubuh.identity.people.keys import PersonKey
from bubuh.waitingroom.lanes import MOST_RESERVED, LaneRule
from bubuh.waitingroom.refusals import LanesSpent

_AT_ONCE: Final = 10_000
_FARTHEST: Final = timedelta(days=400)


async def register(
    conn: Conn,
    wanted: NewDeadline,
    marks: Sequence[str],
    *,
    person_key: PersonKey,
    lanes: Collection[LaneRule],
    taken: Collection[str] = (),
    now: datetime,
    actor: str,
) -> Deadline:
    """Register `wanted` with the `marks` of its list; in a transaction.

    `lanes` are those of the room, `taken` names of lanes that were closed: a deadline takes none of them, nor
    one of an earlier deadline.

    Raises:
        DeadlineWrong, DeadlineTaken, LanesSpent.
    """
    _check(wanted, marks, now)
    if wanted.slug in taken or wanted.slug in {lane.name for lane in lanes}:
        raise DeadlineTaken
    before = await store.list_all(conn)
    given = {deadline.lane_id for deadline in before} | {lane.id for lane in lanes}
    free = [lane_id for lane_id in range(FIRST_LANE, LAST_LANE + 1) if lane_id not in given]
    reserved = {deadline.lane_id for deadline in before if deadline.is_open}
    reserved |= {lane.id for lane in lanes if lane.kind.is_reserved}
    if not free or len(reserved) >= MOST_RESERVED:
        raise LanesSpent
    made = await store.insert(conn, fresh_id(THE_SERVICE), wanted, lane_id=free[0], actor=actor)
    if made is None:  # its slug is, or its lane by an operator who was faster
        raise DeadlineTaken
    for first in range(0, len(marks), _AT_ONCE):
        part = marks[first : first + _AT_ONCE]
        await store.entitle_n(conn, made.id, [index_of(made, mark, person_key) for mark in part])
    facts = {"deadline": show_id("dln", made.id), "slug": made.slug, "at": made.at.isoformat()}
    facts |= {"eligibility": str(made.eligibility), "listed": str(len(marks)), "lane": str(made.lane_id)}
    await record(conn, account_id=THE_SERVICE, act="deadline.register", actor=actor, facts=facts)
    return made


async def close(conn: Conn, slug: str, *, actor: str) -> Deadline:
    """Take no more people into its lane; in a transaction. Raises `DeadlineUnknown`."""
    closed = await store.close(conn, slug)
    if closed is None:
        raise DeadlineUnknown
    facts = {"deadline": show_id("dln", closed.id), "slug": slug}
    await record(conn, account_id=THE_SERVICE, act="deadline.close", actor=actor, facts=facts)
    return closed


def index_of(deadline: Deadline, mark: str, person_key: PersonKey) -> bytes:
    """What a mark is kept as: who steals the database alone cannot try all numbers against the list."""
    return person_key.index(mark, f"deadline {deadline.id}")


def _check(wanted: NewDeadline, marks: Sequence[str], now: datetime) -> None:
    if not is_slug(wanted.slug):
        raise DeadlineWrong(which="slug")
    for which in ("name", "agency"):
        if not 1 <= len(getattr(wanted, which).strip()) <= MOST_LETTERS:
            raise DeadlineWrong(which=which)
    if not now < wanted.at <= now + _FARTHEST:
        raise DeadlineWrong(which="at")
    if wanted.expected < 0:
        raise DeadlineWrong(which="expected")
    if wanted.eligibility is Eligibility.LIST:
        if wanted.salt is None or not is_salt(wanted.salt):
            raise DeadlineWrong(which="salt")
        if not marks:
            raise DeadlineWrong(which="list")
    elif marks or wanted.salt is not None:
        raise DeadlineWrong(which="list")
