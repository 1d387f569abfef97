"""How many of those who wait in a lane are still there: a few of them say so, and nobody has to.

Of numbers that follow each other every `step`-th may tell, at most once a minute; who told and then fell
silent has gone. Who never told says nothing about anybody. A turn is as good after silence as before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

PANEL: Final = 2_048  #: who may tell, of a lane, at most
TELL_S: Final = 60.0  #: between two words of the same number

_PART: Final = 32  # of the panel, looked at together
_SPEAKS_FOR: Final = 8  # numbers, at most: who fell silent, of those beside them who never told
_LOOK_S: Final = 30.0
_SILENT_S: Final = (150.0, 420.0)  # after which who is next has gone, and who is last: they ask more seldom
_SILENT_PART: Final = 0.45  # of the time until they are called: they ask again after a quarter of it


def step_of(waiting: int) -> int:
    """Every how many-th of so many may tell. The waiting page computes the same."""
    step = 1
    while waiting > PANEL * step:
        step *= 2
    return step


class Presence:
    """Of one lane; at most twice `PANEL` numbers, each with the moment of its last word."""

    def __init__(self) -> None:
        """Nobody has told: all are taken to be there."""
        self.mean = 1.0  #: the part of all who wait that is there
        self._heard_s: dict[int, float] = {}
        self._ends: list[int] = []  # the last place of each part of the lane …
        self._parts: list[float] = []  # … and what part of it is there
        self._looked_s = 0.0

    def hear(self, place: int, *, step: int, now_s: float) -> bool:
        """Take the word of who waits at `place`; whether it was one of those who may tell."""
        if place % step or (place not in self._heard_s and len(self._heard_s) >= 2 * PANEL):
            return False
        self._heard_s[place] = now_s
        return True

    def look(self, now_s: float, *, serving: int, issued: int, pace: float) -> None:
        """Twice a minute: who is still there, `now_s` by a clock that stands while nobody at all is heard."""
        if now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s, step = now_s, step_of(issued - serving)
        self._heard_s = {at: told for at, told in self._heard_s.items() if at > serving and at % step == 0}
        self._ends, self._parts = [], []
        numbers = people = 0.0
        span = step * _PART
        for end in range((serving // span + 1) * span, issued + span, span):
            first = max(serving, end - span)
            limit_s = _silence(first - serving, pace)
            asked = range(first // step * step + step, end + 1, step)
            told = [at for at in asked if at in self._heard_s]
            gone = sum(now_s - self._heard_s[at] > limit_s for at in told)
            part = 1 - gone / max(len(told), len(asked) / _SPEAKS_FOR)
            self._ends.append(end)
            self._parts.append(part)
            size = min(end, issued) - first
            numbers, people = numbers + size, people + size * part
        self.mean = people / numbers if numbers else 1.0

    def parts(self, serving: int) -> Iterator[tuple[float, float]]:
        """From the next to be called on: so many numbers, and what part is there; at last for ever."""
        at = bisect_right(self._ends, serving)
        for end, part in zip(self._ends[at:], self._parts[at:], strict=True):
            yield end - serving, part
            serving = end
        yield math.inf, 1.0

    def people(self, serving: int, upto: int) -> float:
        """How many of these are there."""
        left, found = float(upto - serving), 0.0
        for size, part in self.parts(serving):
            found += min(size, left) * part
            left -= size
            if left <= 0:
                break
        return found

    def size(self) -> int:
        """Numbers whose words are remembered."""
        return len(self._heard_s)


def _silence(ahead: int, pace: float) -> float:
    """How long somebody with so many before them may be silent; Source: `estimate.ask_again_s`."""
    least_s, most_s = _SILENT_S
    return most_s if pace <= 0 else min(most_s, max(least_s, TELL_S + _SILENT_PART * ahead / pace))
