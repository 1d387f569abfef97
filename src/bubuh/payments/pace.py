"""No gateway is called more often than it lets us: a generic cell rate (GCRA), one a process and gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bubuh.payments.model import Pace


class Turns:
    """Gives turns to call. The limit is this process's own share of what the gateway takes."""

    def __init__(self, pace: Pace, clock: Callable[[], float]) -> None:
        """`clock` in seconds, never set back."""
        self._clock = clock
        self._every_s = 1.0 / pace.per_s
        self._tolerance_s = (pace.burst - 1) * self._every_s
        self._next_at = float("-inf")  #: when the next call would come if all came evenly

    def take(self, *, longest_s: float) -> float | None:
        """Take the next turn: in how many seconds it is. None, and not taken: in more than `longest_s`."""
        now = self._clock()
        even_at = max(self._next_at, now)
        wait_s = max(0.0, even_at - self._tolerance_s - now)
        if wait_s > longest_s:
            return None
        self._next_at = even_at + self._every_s
        return wait_s

    async def wait(self, *, longest_s: float) -> bool:
        """Return when it is our turn; false at once when that is in more than `longest_s`."""
        wait_s = self.take(longest_s=longest_s)
        if wait_s is None:
            return False
        await asyncio.sleep(wait_s)
        return True
