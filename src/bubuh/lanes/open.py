"""Open a lane for accounts that an operator names, change it, close it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE
from bubuh.db.pool import Conn
from bubuh.lanes import store
from bubuh.lanes.model import LANE_IDS, NamedLane, NewLane
from bubuh.lanes.refusals import LaneNotOpen, LaneTaken, LaneWrong
from bubuh.waitingroom.lanes import MOST_RESERVED, LaneRule, RoomRules
from bubuh.waitingroom.refusals import LanesSpent


async def open_lane(
    conn: Conn, wanted: NewLane, *, rules: RoomRules, taken: Collection[str], actor: str
) -> NamedLane:
    """Open the lane, again if it was closed; change it if it is open. In a transaction.

    `rules` are those of the room, without which nobody can say whether it fits; `taken` names that are
    deadlines', the closed ones too.

    Raises:
        LaneTaken, LaneWrong, LanesSpent.
    """
    before = {lane.name: lane for lane in await store.list_all(conn)}
    known = before.get(wanted.name)
    others = [rule for rule in rules.lanes if known is None or rule.id != known.lane_id]
    if wanted.name in taken or wanted.name in {rule.name for rule in others}:
        raise LaneTaken
    given = {lane.lane_id for lane in before.values()} | {rule.id for rule in others}
    free = [known.lane_id] if known else [lane_id for lane_id in LANE_IDS if lane_id not in given]
    if not free or sum(rule.kind.is_reserved for rule in others) >= MOST_RESERVED:
        raise LanesSpent
    _check(wanted, lane_id=free[0], rules=rules, others=others)
    if known:
        opened = await store.change(conn, wanted)
    else:
        opened = await store.add(conn, wanted, lane_id=free[0], actor=actor)
    if opened is None:
        raise LaneTaken
    facts = {"lane": str(opened.lane_id), "name": opened.name, "kind": str(opened.kind)}
    facts |= {name: str(getattr(opened, name)) for name in ("title", "floor", "ceiling", "weight")}
    await record(conn, account_id=THE_SERVICE, act="room.lane.open", actor=actor, facts=facts)
    return opened


async def close_lane(conn: Conn, name: str, *, actor: str) -> NamedLane:
    """Take nobody in any more, and call nobody; in a transaction. Raises `LaneNotOpen`."""
    closed = await store.close(conn, name)
    if closed is None:
        raise LaneNotOpen
    facts = {"lane": str(closed.lane_id), "name": name}
    await record(conn, account_id=THE_SERVICE, act="room.lane.close", actor=actor, facts=facts)
    return closed


def with_named(rules: RoomRules, lanes: Iterable[NamedLane]) -> RoomRules:
    """`rules` with each open lane and without the closed ones; an operator's changes stay."""
    known = {lane.lane_id: lane for lane in lanes}
    kept = [rule for rule in rules.lanes if rule.id not in known or known[rule.id].is_open]
    there = {rule.id for rule in kept}
    fresh = [lane.rule for lane in known.values() if lane.is_open and lane.lane_id not in there]
    return msgspec.structs.replace(rules, lanes=(*kept, *fresh))


def _check(wanted: NewLane, *, lane_id: int, rules: RoomRules, others: Iterable[LaneRule]) -> None:
    """See that the room can have it; raises `LaneWrong`."""
    facts = {"id": lane_id, "name": wanted.name, "kind": str(wanted.kind), "title": wanted.title}
    facts |= {"floor": wanted.floor, "ceiling": wanted.ceiling, "weight": wanted.weight}
    try:
        rule = msgspec.convert(facts, LaneRule)
    except msgspec.ValidationError as error:
        raise LaneWrong(which=str(error).rpartition("$.")[2].rstrip("`")) from error
    try:
        msgspec.structs.replace(rules, lanes=(*others, rule))
    except ValueError as error:
        raise LaneWrong(which="floor") from error
