"""What people are told: when their turn comes, as a range, and whether that is before a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SPREAD: Final = 1.4  #: the later end of the range, as a multiple of the likely one …
SPREAD_S: Final = 30.0  #: … and what is added to it


class Verdict(StrEnum):
    """Whether whoever joins now is served before the deadline."""

    YES = "yes"
    LIKELY = "likely"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Seconds from now."""

    likely_s: float
    latest_s: float  #: nine of ten have been called by then


def arrival(ahead: int, pace: float) -> Arrival | None:
    """When a number with `ahead` numbers before it is called at `pace` a second; None: nobody knows."""
    if ahead <= 0:
        return Arrival(likely_s=0.0, latest_s=0.0)
    if pace <= 0:
        return None
    likely_s = ahead / pace
    return Arrival(likely_s=likely_s, latest_s=likely_s * SPREAD + SPREAD_S)


def verdict(ahead: int, best_pace: float, left_s: float) -> Verdict:
    """Of a deadline that is `left_s` away, at the pace its lane gets when it needs it."""
    found = arrival(ahead, best_pace)
    if found is None or found.likely_s > left_s:
        return Verdict.NO
    return Verdict.YES if found.latest_s <= left_s else Verdict.LIKELY
