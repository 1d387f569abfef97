"""A gateway that fails again and again is left alone for a while, so that nobody waits for it in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FAILS: Final = 5  #: one after the other, until it rests
FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 10.0  #: short: what came meanwhile is to be credited within a minute of its return


class Breaker:
    """Rests after FAILS failures in a row, twice as long each time; then one call at a time may try."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` in seconds, never set back."""
        self._clock = clock
        self._fails = 0
        self._rest_s = FIRST_REST_S
        self._until: float | None = None  #: None: it is well
        self._is_tried = False

    @property
    def is_resting(self) -> bool:
        """Whether it failed so often that calls are spared, also while one is trying."""
        return self._until is not None

    @property
    def is_spared(self) -> bool:
        """Whether no call may begin now."""
        return self._until is not None and (self._is_tried or self._clock() < self._until)

    def may_call(self) -> bool:
        """Whether to call now; a trial is to be ended by `well`, `failed` or `given_up`."""
        if self.is_spared:
            return False
        self._is_tried = self._until is not None
        return True

    def well(self) -> None:
        """It answered."""
        self._fails, self._rest_s, self._until, self._is_tried = 0, FIRST_REST_S, None, False

    def given_up(self) -> None:
        """Nobody waited for its answer: that tells nothing."""
        self._is_tried = False

    def failed(self) -> None:
        """It did not, or not usefully."""
        self._fails += 1
        if self._until is not None and not self._is_tried:
            return  # a call from before it rested
        if self._is_tried or self._fails >= FAILS:
            self._until = self._clock() + self._rest_s
            self._rest_s = min(LONGEST_REST_S, self._rest_s * 2)
            self._is_tried = False
