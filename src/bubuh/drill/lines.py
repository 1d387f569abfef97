"""Connections lent to one caller at a time: as many as are wanted, up to a limit that a report tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from bubuh.drill.exchange import Line

MOST: Final = 1_024  #: to one address; whoever finds none free waits, and how long is told


class Lines:
    """Kept connections to one address, the one that was used last lent first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._places = asyncio.Semaphore(most)
        self._idle: list[Line] = []
        self._lent = 0
        self._most_lent = 0
        self._longest_wait_s = 0.0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Line]:
        """A connection for one request."""
        asked_at = time.monotonic()
        async with self._places:
            self._longest_wait_s = max(self._longest_wait_s, time.monotonic() - asked_at)
            line = self._idle.pop() if self._idle else Line()
            self._lent += 1
            self._most_lent = max(self._most_lent, self._lent)
            try:
                yield line
            finally:
                self._lent -= 1
                self._idle.append(line)

    def facts(self) -> Mapping[str, Any]:
        """How many were lent at once, and how long somebody waited for one, in seconds."""
        return {
            "limit": self._most,
            "most": self._most_lent,
            "longest_wait_s": round(self._longest_wait_s, 3),
        }

    def close(self) -> None:
        """End all that are not lent."""
        for line in self._idle:
            line.close()
