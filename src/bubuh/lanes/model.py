"""A lane for named accounts, and a turn that an account keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bubuh.core.ids import AccountId
from bubuh.waitingroom.lanes import LaneKind, LaneRule

LANE_IDS: Final = (*range(5, 10), *range(54, 64))  #: those between are deadlines'
KINDS: Final = (LaneKind.GROUP, LaneKind.PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLane:
    """What an operator wants."""

    name: str
    kind: LaneKind  #: one of `KINDS`
    title: str
    floor: float
    ceiling: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLane:
    """A lane that an operator opened, once."""

    lane_id: int
    name: str
    kind: LaneKind
    title: str
    floor: float
    ceiling: float
    weight: float
    opened_at: datetime
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it takes anybody."""
        return self.closed_at is None

    @property
    def rule(self) -> LaneRule:
        """What the waiting room learns of it: nothing of who is named."""
        return LaneRule(
            id=self.lane_id,
            name=self.name,
            kind=self.kind,
            title=self.title,
            floor=self.floor,
            ceiling=self.ceiling,
            weight=self.weight,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTurn:
    """The turn of an account in a lane."""

    lane_id: int
    account_id: AccountId
    turn: str  #: as links show it
    code: str
    number: int
    taken_at: datetime
