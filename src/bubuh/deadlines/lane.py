"""What the waiting room learns of deadlines: a lane each, and nothing of who is eligible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from bubuh.deadlines.model import Deadline
from bubuh.waitingroom.lanes import LaneKind, LaneRule, RoomRules

_TITLE: Final = 80


def lane_of(deadline: Deadline) -> LaneRule:
    """The lane of an open deadline."""
    return LaneRule(
        id=deadline.lane_id,
        name=deadline.slug,
        kind=LaneKind.DEADLINE,
        title=deadline.name[:_TITLE],
        deadline_at=int(deadline.at.timestamp()),
        expected=deadline.expected,
    )


def with_lanes(rules: RoomRules, deadlines: Iterable[Deadline]) -> RoomRules:
    """`rules` with a lane for each open deadline and none for a closed one; an operator's changes stay."""
    known = {deadline.lane_id: deadline for deadline in deadlines}
    kept = [lane for lane in rules.lanes if lane.id not in known or known[lane.id].is_open]
    there = {lane.id for lane in kept}
    fresh = [lane_of(one) for one in known.values() if one.is_open and one.lane_id not in there]
    return msgspec.structs.replace(rules, lanes=(*kept, *fresh))
