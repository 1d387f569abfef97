"""How many people of each lane are let in: floors, then the earliest deadline, then by weight.

Nothing that one lane does not use is lost: another borrows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bubuh.waitingroom.lanes import LaneRule

_PACE: Final = 0.1  #: a deadline's queue is to be empty when this part of the time left has gone by
_MAKE_UP_S: Final = 80.0  #: over which a lane gets what it is short of: who comes is known after a minute
_NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is shared out for."""

    now_s: float
    elapsed_s: float
    safety_s: float  #: before a deadline: what an order and a stamp take


@dataclass(slots=True, kw_only=True)
class Demand:
    """What one lane could use this time, in people."""

    rule: LaneRule
    people: float  #: who would come if all that wait were called now
    arriving: float = 0.0  #: who will still come before its deadline, as far as anybody knows
    short: float = 0.0  #: who were to come by its floor, and have not
    granted: float = 0.0


def share_out(demands: Sequence[Demand], amount: float, when: Moment) -> None:
    """Set `granted` of each so that together they are at most `amount` people.

    Each lane gets its floor first, and something for what it is short of it. Then lanes with a deadline, the
    earliest first, get what it takes to be done in a tenth of the time left, and so ever more as it comes
    near. The rest goes round by weight. No lane gets more than it can use, nor more than its ceiling.
    """
    if sum(demand.people for demand in demands) <= amount and all(d.rule.ceiling >= 1 for d in demands):
        for demand in demands:
            demand.granted = demand.people
        return
    most = [min(demand.people, demand.rule.ceiling * amount) for demand in demands]
    left = amount
    for demand, limit in zip(demands, most, strict=True):
        demand.granted = min(limit, demand.rule.floor * amount)
        left -= demand.granted
    left = _make_up(demands, most, left, when)
    for at in _by_deadline(demands):
        demand = demands[at]
        needed = _needed(demand, when) * when.elapsed_s
        wanted = min(most[at], needed) - demand.granted
        given = min(max(wanted, 0.0), left)
        demand.granted += given
        left -= given
    _share_rest(demands, most, left)


def hold_back(
    demands: Sequence[Demand],
    amount: float,
    part: float,
    when: Moment,
    *,
    is_held: Callable[[LaneRule], bool],
) -> None:
    """After `share_out`: leave those that are held `part` of `amount` together, and give others the rest."""
    held = [demand for demand in demands if is_held(demand.rule)]
    others = [demand for demand in demands if not is_held(demand.rule)]
    granted = sum(demand.granted for demand in held)
    if granted > part * amount:
        for demand in held:
            demand.granted *= part * amount / granted
        granted = part * amount
    share_out(others, amount - granted, when)


def _make_up(demands: Sequence[Demand], most: Sequence[float], left: float, when: Moment) -> float:
    """To each lane a part of what it is short of its floor; what is `left` then."""
    for demand, limit in zip(demands, most, strict=True):
        wanted = min(limit - demand.granted, demand.short * when.elapsed_s / _MAKE_UP_S)
        given = min(max(wanted, 0.0), left)
        demand.granted += given
        left -= given
    return left


def _by_deadline(demands: Sequence[Demand]) -> list[int]:
    found = [(d.rule.deadline_at, at) for at, d in enumerate(demands) if d.rule.deadline_at is not None]
    return [at for _, at in sorted(found)]


def _needed(demand: Demand, when: Moment) -> float:
    """People a second. After its deadline a lane is one like the others."""
    assert demand.rule.deadline_at is not None
    left_s = demand.rule.deadline_at - when.now_s - when.safety_s
    if left_s <= 0:
        return 0.0
    return (demand.people + demand.arriving) / max(1.0, _PACE * left_s)


def _share_rest(demands: Sequence[Demand], most: Sequence[float], left: float) -> None:
    """By weight among those who can use more, until nothing is left or nobody can."""
    hungry = [at for at, demand in enumerate(demands) if demand.granted < most[at] - _NOTHING]
    while left > _NOTHING and hungry:
        unit = left / sum(demands[at].rule.weight for at in hungry)
        for at in hungry:
            given = min(unit * demands[at].rule.weight, most[at] - demands[at].granted)
            demands[at].granted += given
            left -= given
        hungry = [at for at in hungry if demands[at].granted < most[at] - _NOTHING]
