"""The brownout ladder: what is left off, step by step, so that the rest goes on. Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

RISE_S: Final = 5.0  #: of pressure without a break, before one step up
FALL_S: Final = 30.0  #: of ease without a break, before one step down
PRESSED: Final = 1.0
EASED: Final = 0.5


class Level(IntEnum):
    """Each level holds what those below it do."""

    FULL = 0
    REDUCED = 1  #: histories from memory, no picture is drawn that is not at hand
    QUEUED = 2  #: buying goes through the waiting room
    PAUSED = 3  #: no buying; stamping, what is under way, and verification go on
    STATIC = 4  #: files, what is remembered, and the words of gateways


class Ladder:
    """One process's. It moves a step at a time, up sooner than down."""

    def __init__(self) -> None:
        self.level = Level.FULL
        self._pressed_since_s: float | None = None
        self._eased_since_s: float | None = None

    def look(self, pressure: float, *, now_s: float) -> Level:
        """The level from now on. `pressure` 1: urgent work waits as long as it may at most."""
        pressed, eased = pressure >= PRESSED, pressure < EASED
        self._pressed_since_s = _since(self._pressed_since_s, now_s) if pressed else None
        self._eased_since_s = _since(self._eased_since_s, now_s) if eased else None
        if self._pressed_since_s is not None and now_s - self._pressed_since_s >= RISE_S:
            self.level = Level(min(self.level + 1, Level.STATIC))
            self._pressed_since_s = now_s
        elif self._eased_since_s is not None and now_s - self._eased_since_s >= FALL_S:
            self.level = Level(max(self.level - 1, Level.FULL))
            self._eased_since_s = now_s
        return self.level


def _since(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s
