"""Time in doubt: after a clock has jumped, nothing is ended for its time being over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

JUMP_S: Final = 60.0  #: the database's clock and ours may drift apart so far between two looks
HOLD_OFF_S: Final = 3_600.0  #: after a jump


class Doubt:
    """Holds the database's clock against this process's own, which nobody sets."""

    def __init__(self, read: Callable[[], Awaitable[datetime]], clock: Callable[[], float]) -> None:
        """`read` asks for the database's time, `clock` tells this process's in seconds."""
        self._read = read
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None
        self._until_s = float("-inf")

    async def look(self) -> float | None:
        """By how many seconds the database's clock jumped since the look before; None: not, or first look.

        A jump puts time in doubt for HOLD_OFF_S.
        """
        now, ours = await self._read(), self._clock()
        before, self._seen = self._seen, (now, ours)
        if before is None:
            return None
        jump_s = (now - before[0]).total_seconds() - (ours - before[1])
        if abs(jump_s) <= JUMP_S:
            return None
        self._until_s = ours + HOLD_OFF_S
        return jump_s

    @property
    def lasts(self) -> bool:
        """Whether it is to be waited still."""
        return self._clock() < self._until_s
