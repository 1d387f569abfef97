"""What the waiting room's tests are built from: valid by default."""

from __future__ import annotations

from typing import Any

from bubuh.core.ids import AccountId
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules
from bubuh.waitingroom.room import Room
from bubuh.waitingroom.turn import ANYONE, Turn

NOW_S = 1_795_400_000
RING = KeyRing({1: bytes(range(32)), 2: bytes(range(1, 33))})
ALICE, BOB = AccountId(7001), AccountId(7002)
UMUM, TENGGAT = 3, 9


def turn(**given: Any) -> Turn:
    facts: dict[str, Any] = {"lane": UMUM, "gen": 2, "number": 41, "issued_at": NOW_S, "bind": ANYONE}
    return Turn(**(facts | given))


def lane(**given: Any) -> LaneRule:
    facts: dict[str, Any] = {"id": UMUM, "name": "umum", "kind": LaneKind.RETAIL, "title": "Umum"}
    return LaneRule(**(facts | given))


def deadline_lane(**given: Any) -> LaneRule:
    facts: dict[str, Any] = {"id": TENGGAT, "name": "cpns", "kind": LaneKind.DEADLINE, "title": "CPNS"}
    return LaneRule(**(facts | {"deadline_at": NOW_S + 7200} | given))


def rules(*lanes: LaneRule, **given: Any) -> RoomRules:
    return RoomRules(lanes=lanes or (lane(),), **({"per_s": 20.0, "window_s": 30, "safety_s": 60} | given))


def room(*lanes: LaneRule, **given: Any) -> Room:
    """A room whose first marks are kept."""
    made = Room(rules(*lanes, **given))
    made.apply(made.wanted_marks())
    return made
