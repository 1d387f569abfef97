"""How long somebody waits for what the present task does: carried with a request into the queues it enters.

A task that another makes inherits it; whatever outlives a request is not to be made by its task.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final

from bubuh.core.errors import Fault

#: seconds of the event loop's clock (monotonic); infinite where nobody said
UNTIL_S: Final[ContextVar[float]] = ContextVar("until_s", default=math.inf)

#: called when what the present task waits for takes long: whoever asked may step aside meanwhile
when_slow: Final[ContextVar[Callable[[], None]]] = ContextVar("when_slow", default=lambda: None)


class TimeSpent(Fault):
    """The request's time was over before its turn came; nothing was begun."""

    code = "time_spent"
    retry_after_s = 5


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Wait inside for a turn, at most as long as somebody waits for us; raises `TimeSpent`."""
    until_s = UNTIL_S.get()
    timeout = asyncio.timeout_at(None if until_s == math.inf else until_s)
    try:
        async with timeout:
            yield
    except TimeoutError as error:
        if timeout.expired():
            raise TimeSpent("waiting for a turn") from error
        raise
