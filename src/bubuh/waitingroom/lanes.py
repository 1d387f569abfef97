"""Lanes, and what an operator decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from bubuh.waitingroom.refusals import LaneUnknown

MOST_RESERVED: Final = 3  #: reserved lanes at once: `now.json` has room for so many beside the usual ones

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Errand(StrEnum):
    """What people queue for. All else needs no pass."""

    BUY = "buy"
    STAMP = "stamp"


class LaneKind(StrEnum):
    """Who stands in a lane."""

    REPAIR = "repair"  #: an open matter in the ledger; no queue
    STAMP = "stamp"  #: holds quota already
    DEADLINE = "deadline"  #: eligible for an announced deadline
    GROUP = "group"  #: customers an operator names
    RETAIL = "retail"  #: everybody
    PARTNER = "partner"  #: channels
    ASSIST = "assist"  #: counters and people who need help

    @property
    def is_reserved(self) -> bool:
        """Whether the site says who may join; into the others anybody may."""
        return self in {LaneKind.DEADLINE, LaneKind.GROUP, LaneKind.PARTNER}


_BOTH: Final = frozenset(Errand)
#: What a lane's pass is good for. The repair lane's is for what the ledger shows under way, and nothing else.
ERRANDS: Final[Mapping[LaneKind, frozenset[Errand]]] = {
    LaneKind.REPAIR: frozenset(),
    LaneKind.STAMP: frozenset({Errand.STAMP}),
    LaneKind.DEADLINE: _BOTH,
    LaneKind.GROUP: _BOTH,
    LaneKind.RETAIL: _BOTH,
    LaneKind.PARTNER: _BOTH,
    LaneKind.ASSIST: _BOTH,
}


class LaneRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lane. Shares are of the people admitted a second by all lanes together."""

    id: Annotated[int, msgspec.Meta(ge=1, le=63)]  #: stands in its turns: never given to another lane
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,15}$")]
    kind: LaneKind
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    floor: Share = 0.0  #: what it gets first while somebody waits
    ceiling: Share = 1.0  #: what it never exceeds
    weight: Annotated[float, msgspec.Meta(gt=0)] = 1.0  #: its part of what is left over
    deadline_at: int | None = None  #: seconds since 1970
    expected: Annotated[int, msgspec.Meta(ge=0)] = 0  #: turns its agency expects in all; 0: nobody knows


class RoomRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The room as its operator wants it."""

    lanes: tuple[LaneRule, ...]
    per_s: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 50.0  #: people admitted a second, at most
    slots: Annotated[int, msgspec.Meta(ge=1)] = 20_000  #: people inside at once, at most
    window_s: Annotated[int, msgspec.Meta(ge=10, le=3600)] = 600  #: open seconds a called turn is good for
    calm_per_s: Annotated[float, msgspec.Meta(gt=0)] = 100.0  #: joins a second up to which they cost no work
    most_work: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = (
        150_000  #: hashes in the mean; 0: never any
    )
    safety_s: Annotated[int, msgspec.Meta(ge=0)] = 300  #: before a deadline: what an order and a stamp take

    def __post_init__(self) -> None:
        """See that lanes can be told apart, and that floors leave room; raises ValueError."""
        if len({lane.id for lane in self.lanes}) < len(self.lanes):
            raise ValueError("two lanes have the same id")
        if len({lane.name for lane in self.lanes}) < len(self.lanes):
            raise ValueError("two lanes have the same name")
        if sum(lane.floor for lane in self.lanes) > 1:
            raise ValueError("the floors of all lanes are more than the whole")
        for lane in self.lanes:
            if (lane.kind is LaneKind.DEADLINE) != (lane.deadline_at is not None):
                raise ValueError(f"{lane.name}: a deadline lane has a deadline_at, and no other has")
            if lane.floor > lane.ceiling:
                raise ValueError(f"{lane.name}: floor above ceiling")

    def by_name(self, name: str) -> LaneRule:
        """The lane that people join under `name`; raises `LaneUnknown`."""
        for lane in self.lanes:
            if lane.name == name and lane.kind is not LaneKind.REPAIR:
                return lane
        raise LaneUnknown

    def errands(self, lane_id: int) -> frozenset[Errand]:
        """What a pass of lane `lane_id` is good for; one of a lane that was left out since, for all."""
        if lane_id == REPAIR_ID:
            return ERRANDS[LaneKind.REPAIR]
        return next((ERRANDS[lane.kind] for lane in self.lanes if lane.id == lane_id), _BOTH)

    @property
    def repair_ceiling(self) -> float:
        """The part of those admitted a second who may come by the repair lane; it cannot be left out."""
        found = (lane.ceiling for lane in self.lanes if lane.id == REPAIR_ID)
        return next(found, DEFAULT_LANES[0].ceiling)


REPAIR_ID: Final = 1
DEFAULT_LANES: Final = (
    LaneRule(id=REPAIR_ID, name="perbaikan", kind=LaneKind.REPAIR, title="Perbaikan", ceiling=0.2),
    LaneRule(id=2, name="bubuhkan", kind=LaneKind.STAMP, title="Sudah punya kuota", floor=0.2, weight=2.0),
    LaneRule(id=3, name="umum", kind=LaneKind.RETAIL, title="Umum", floor=0.1),
    LaneRule(id=4, name="bantuan", kind=LaneKind.ASSIST, title="Loket dan bantuan", floor=0.02),
)
DEFAULT_RULES: Final = RoomRules(lanes=DEFAULT_LANES)
