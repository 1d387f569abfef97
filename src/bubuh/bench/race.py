"""CPU time of several ways, taken in rounds in which each has its turn: a busy moment falls on all alike.

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

from bubuh.pdf.model import Intent

Act = Callable[[Intent], object]
Lane = TypeVar("Lane", bound=Hashable)

#: A turn repeats its act until it takes about this long: the clock's own cost and grain vanish.
TURN_MS: Final = 8.0
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
    acts: Mapping[Lane, Act],
    intents: Iterator[Intent],
    *,
    seconds: float,
    least_rounds: int = LEAST_ROUNDS,
    told: Callable[[float], None] = lambda _done: None,
) -> tuple[Mapping[Lane, Spread], Outcome]:
    """Let every act have a turn, again and again, for about `seconds` and `least_rounds` at least.

    Each time takes a fresh intent, made before the clock runs. `told` hears the share that is done, 0 to 1.
    """
    begun = time.monotonic()
    samples: dict[Lane, list[float]] = {lane: [] for lane in acts}
    turns, rounds = 0, 0
    gc.collect()
    gc.freeze()  # what was loaded before the race is no one's garbage
    try:
        repeats = {lane: _repeats(act, intents) for lane, act in acts.items()}
        while rounds < least_rounds or _spent(begun) * (rounds + 1) / rounds <= seconds:
            for lane, act in acts.items():
                samples[lane].append(_turn(act, list(islice(intents, repeats[lane]))))
                turns += 1
                told(min(turns / len(acts) / least_rounds, _spent(begun) / seconds, 1.0))
            rounds += 1
    finally:
        gc.unfreeze()
    told(1.0)
    return {lane: Spread.of(taken) for lane, taken in samples.items()}, Outcome(rounds, _spent(begun))


def _spent(begun: float) -> float:
    return time.monotonic() - begun


def _repeats(act: Act, intents: Iterator[Intent]) -> int:
    """How often an act fits into a turn; a quick one is tried again, because its first time warms it up."""
    once = _turn(act, [next(intents)])
    if once < TURN_MS:
        once = min(once, _turn(act, list(islice(intents, 4))))
    return max(1, ceil(TURN_MS / max(once, 0.001)))


def _turn(act: Act, intents: list[Intent]) -> float:
    """CPU milliseconds a time. What others left behind is collected before the clock runs."""
    gc.collect()
    begun = time.process_time_ns()
    for intent in intents:
        act(intent)
    return (time.process_time_ns() - begun) / len(intents) / 1e6
