"""Rounds of calm and outage in turn: how stamping fared in the one against the other, and who waited."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bubuh.drill.buyers import Served
from bubuh.drill.chaos import quantile
from bubuh.drill.credits import Outage
from bubuh.drill.stampers import Stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A gateway that works, then does not, then works until nobody waits any more; hours are monotonic."""

    calm_at: float
    out_at: float
    back_at: float
    clear_at: float | None  #: when the last buyer of the round was served; None: never
    outage: Outage


def stamping_facts(rounds: Sequence[Round], stamped: Sequence[Stamped]) -> dict[str, Any]:
    """What stamps took, by the hour their users came: in seconds by round, and the median of ratios.

    Rounds are held against their own calm, so that a machine that others use does not decide.
    """
    calm = [_waits(stamped, one.calm_at, one.out_at) for one in rounds]
    out = [_waits(stamped, one.out_at, one.back_at) for one in rounds]
    facts: dict[str, Any] = {"stamped": len(stamped)}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        before = [quantile(waits, share) for waits in calm]
        during = [quantile(waits, share) for waits in out]
        ratios = [late / early for early, late in zip(before, during, strict=True) if early and late]
        facts |= {
            f"stamping_{name}_before_s": before,
            f"stamping_{name}_outage_s": during,
            f"stamping_{name}_ratio": round(statistics.median(ratios), 2) if ratios else None,
        }
    return facts


def clearing_facts(rounds: Sequence[Round], served: Sequence[Served]) -> dict[str, Any]:
    """How long after each return those who had come by then were served, and all of the round, in seconds."""
    waited = [
        [one.done - each.back_at for one in served if each.calm_at <= one.due < each.back_at < one.done]
        for each in rounds
    ]
    return {
        "waiting_at_return": [len(some) for some in waited],
        "served_after_return_p50_s": [quantile(some, 0.5) for some in waited],
        "served_after_return_max_s": [quantile(some, 1.0) for some in waited],
        "clear_after_return_s": [
            None if each.clear_at is None else round(each.clear_at - each.back_at, 3) for each in rounds
        ],
    }


def _waits(stamped: Sequence[Stamped], since: float, until: float) -> list[float]:
    return [one.waited_s for one in stamped if since <= one.came < until]
