"""Turns that an account takes by its own name, and keeps: one a lane, the same on all its devices."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.edge.door import Door
from bubuh.lanes import store
from bubuh.lanes.model import KINDS, KeptTurn
from bubuh.lanes.refusals import NotNamed, TurnUnknown
from bubuh.waitingroom.estimate import Arrival, arrival
from bubuh.waitingroom.lanes import LaneKind, LaneRule
from bubuh.waitingroom.refusals import LaneReserved, LaneUnknown, TurnRefused
from bubuh.waitingroom.turn import TURN_LIFE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a kept turn stands."""

    rule: LaneRule
    kept: KeptTurn
    ahead: int | None  #: numbers before it; None: its order is not drawn yet
    is_over: bool  #: nobody can enter with it any more
    arrival: Arrival | None  #: from now; None: nobody knows


async def lane_of(door: Door, db: Database, account_id: AccountId) -> LaneRule:
    """The lane that is for `account_id`: a partner's, a group's in which it is named, or everybody's.

    Raises `LaneUnknown` where there is none.
    """
    named = {lane.lane_id for lane in await store.list_of(db, account_id)}
    order = [*reversed(KINDS), LaneKind.RETAIL]
    found = [
        rule
        for rule in door.rules.lanes
        if rule.kind in order and (rule.id in named or rule.kind is LaneKind.RETAIL)
    ]
    if not found:
        raise LaneUnknown
    return min(found, key=lambda rule: order.index(rule.kind))


async def take(door: Door, db: Database, account_id: AccountId, rule: LaneRule) -> Place:
    """The account's turn in a lane: the one that it has while that is good, else a new one at the end.

    Raises:
        NotNamed, LaneReserved: it may not stand there, or not by its own name alone.
        LaneUnknown, GateUnreachable.
    """
    await _see_may_stand(db, account_id, rule)
    before = await store.find_turn(db, rule.id, account_id)
    if before is not None:
        place = await _place(door, rule, before)
        if not place.is_over:
            return place
    joined = await door.join(account_id, rule.id, now_s=int(time.time()))
    kept = await store.keep_turn(db, account_id, joined, before=before)
    if kept is None:  # another request of this account was faster
        return await look(door, db, account_id, rule)
    return await _place(door, rule, kept)


async def look(door: Door, db: Database, account_id: AccountId, rule: LaneRule) -> Place:
    """Where the account's turn in a lane stands; raises `TurnUnknown`, `GateUnreachable`."""
    kept = await store.find_turn(db, rule.id, account_id)
    if kept is None:
        raise TurnUnknown
    return await _place(door, rule, kept)


async def _see_may_stand(db: Database, account_id: AccountId, rule: LaneRule) -> None:
    if rule.kind in KINDS:
        if not await store.is_named(db, rule.id, account_id):
            raise NotNamed
    elif rule.kind.is_reserved:
        raise LaneReserved


async def _place(door: Door, rule: LaneRule, kept: KeptTurn) -> Place:
    now_s = int(time.time())
    is_old = datetime.now(UTC) - kept.taken_at >= timedelta(seconds=TURN_LIFE_S)
    try:
        shown = await door.show(kept.turn, account_id=kept.account_id, deadline_s=None, now_s=now_s)
    except TurnRefused:  # so old that its key is gone
        return Place(rule=rule, kept=kept, ahead=0, is_over=True, arrival=None)
    return Place(
        rule=rule,
        kept=kept,
        ahead=shown.ahead,
        is_over=is_old or shown.is_spent,
        arrival=_arrival(door, rule, shown.ahead),
    )


def _arrival(door: Door, rule: LaneRule, ahead: int | None) -> Arrival | None:
    now = door.now()
    lane = None if now is None else now.lanes.get(rule.name)
    return None if lane is None or ahead is None else arrival(ahead, lane.pace)
