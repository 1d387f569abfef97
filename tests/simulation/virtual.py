"""An event loop whose time is made up: nothing is waited for, and a seed decides everything."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Never(selectors.SelectSelector):
    """Nothing ever comes from outside; to wait is to let the loop's own time pass."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "all wait for each other, and nobody for a time"
        self._loop.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at zero; a sleep of an hour takes as long as one of a second."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Never(self))

    def time(self) -> float:
        """Seconds since the start, made up."""
        return self._now

    def pass_time(self, seconds: float) -> None:
        """Let time pass; a little more, so that what is due by rounding is due."""
        self._now += max(0.0, seconds) + self._clock_resolution if seconds else 0.0  # type: ignore[attr-defined]


def run(main: Coroutine[Any, Any, None]) -> float:
    """Run `main` to its end in a loop of its own; how much time it believes has passed."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(main)
        return loop.time()
    finally:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
