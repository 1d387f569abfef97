"""CPU time of several ways, taken in rounds in which each has its turn: a busy moment falls on all alike.

Each turn begins with repetitions that are not measured, for every way alike: what ran before has filled the
caches with its own, and a service stamps one document after another, not one after somebody else's turn.

It is the time this process spent computing, not the time that passed, so that a shared machine still gives
figures; what its neighbours do to caches and clock rates remains, hence medians and quartiles.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Final, Self, TypeVar

Item = TypeVar("Item")
Lane = TypeVar("Lane", bound=Hashable)
Act = Callable[[Item], object]

#: A turn repeats its act until it takes about this long: the clock's own cost and grain vanish.
TURN_MS: Final = 20.0
#: Before that, so long without a clock, one repetition at least.
WARM_UP_MS: Final = 10.0
LEAST_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """CPU milliseconds a time: the middle of all rounds, and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: list[float]) -> Self:
        """The spread of `samples`, one a round."""
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high)

    def quartiles(self, digits: int) -> tuple[float, float]:
        """The lower and the upper one, rounded."""
        return round(self.low, digits), round(self.high, digits)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a race went."""

    rounds: int
    elapsed_s: float  #: by the wall clock


def race(
    acts: Mapping[Lane, Act[Item]],
    items: Callable[[Lane], Iterator[Item]],
    *,
    seconds: float,
    least_rounds: int = LEAST_ROUNDS,
    told: Callable[[float], None] = lambda _done: None,
) -> tuple[Mapping[Lane, Spread], Outcome]:
    """Let every act have a turn, again and again, for about `seconds` and `least_rounds` at least.

    Each time takes a fresh one of the lane's `items`, made before the clock runs. `told` hears the share that
    is done, 0 to 1.
    """
    begun = time.monotonic()
    samples: dict[Lane, list[float]] = {lane: [] for lane in acts}
    turns, rounds = 0, 0
    gc.collect()
    gc.freeze()  # what was loaded before the race is no one's garbage
    try:
        plans = {lane: _Plan.made(act, items(lane)) for lane, act in acts.items()}
        while rounds < least_rounds or _spent(begun) * (rounds + 1) / rounds <= seconds:
            for lane, act in acts.items():
                samples[lane].append(plans[lane].turn(act, items(lane)))
                turns += 1
                told(min(turns / len(acts) / least_rounds, _spent(begun) / seconds, 1.0))
            rounds += 1
    finally:
        gc.unfreeze()
    told(1.0)
    return {lane: Spread.of(taken) for lane, taken in samples.items()}, Outcome(rounds, _spent(begun))


def _spent(begun: float) -> float:
    return time.monotonic() - begun


@dataclass(frozen=True, slots=True)
class _Plan:
    """How often a turn repeats its act: without the clock, then with it."""

    unmeasured: int
    measured: int

    @classmethod
    def made(cls, act: Act[Item], items: Iterator[Item]) -> Self:
        """From a first try; a quick act is tried again, because its first time warms it up."""
        once = cls(0, 1).turn(act, items)
        if once < TURN_MS:
            once = min(once, cls(1, 4).turn(act, items))
        often = 1 / max(once, 0.001)
        return cls(ceil(WARM_UP_MS * often), ceil(TURN_MS * often))

    def turn(self, act: Act[Item], items: Iterator[Item]) -> float:
        """CPU milliseconds a time. What others left behind is collected before anything else."""
        first, then = list(islice(items, self.unmeasured)), list(islice(items, self.measured))
        gc.collect()
        for item in first:
            act(item)
        begun = time.process_time_ns()
        for item in then:
            act(item)
        return (time.process_time_ns() - begun) / self.measured / 1e6
