"""What people are told: when their turn comes, as a range, and whether that is before a deadline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SPREAD: Final = 1.4  #: the later end of the range, as a multiple of the likely one …
SPREAD_S: Final = 30.0  #: … and what is added to it

POLL: Final = (0.25, 10, 300)  #: one asks again after this part of one's time, within these seconds


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


def ask_again_s(ahead: int | None, found: Arrival | None) -> int:
    """After how long one looks again; where nobody knows the pace, as if it were one a second.

    `ahead` None: the order is not drawn yet.
    """
    part, least_s, most_s = POLL
    if ahead is None:
        return 6 * least_s
    return round(min(max(part * (ahead if found is None else found.likely_s), least_s), most_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One deadline's lane."""

    left_s: float  #: until its deadline
    waiting: int  #: numbers
    show: float  #: the part of them that comes, above nought
    floor: float  #: the parts of all people that it gets at least …
    ceiling: float  #: … and at most


def reach(queues: Sequence[Queue], *, per_s: float, floors: float) -> list[int]:
    """How many numbers of each can be called before its deadline, when it gets all it needs.

    `per_s` people are let in by all lanes together; `floors` is the part that lanes without a deadline keep.
    An earlier deadline goes first, and takes what those need who wait for it.
    """
    found, taken = [0] * len(queues), 0.0
    order = sorted(range(len(queues)), key=lambda at: queues[at].left_s)
    for rank, at in enumerate(order):
        queue = queues[at]
        later = sum(queues[other].floor for other in order[rank + 1 :])
        part = max(0.0, min(queue.ceiling, 1 - floors - later))
        people = max(0.0, part * per_s * max(0.0, queue.left_s) - taken)
        found[at] = math.floor(people / queue.show)
        taken += min(people, queue.waiting * queue.show)
    return found


def verdict(ahead: int, within: int, left_s: float, *, rests: bool = False) -> Verdict:
    """Of a number with `ahead` before it, when `within` can be called in the `left_s` to its deadline.

    While its lane rests nobody knows when it goes on: then nothing is sure but that it comes too late.
    """
    if left_s <= 0 or ahead > within:
        return Verdict.NO
    if ahead <= 0:
        return Verdict.YES
    found = arrival(ahead, within / left_s)
    assert found is not None, "some can be called"
    return Verdict.YES if found.latest_s <= left_s and not rests else Verdict.LIKELY
