"""How many bodies this process holds in memory at once, in all and for one owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bubuh.core.errors import Fault

PATIENCE_S: Final = 20.0


class Busy(Fault):
    """No place became free in time; nothing was begun."""

    code = "busy"
    retry_after_s = 2


class Slots:
    """At most `total` places, and `each` for one owner. Who waits holds a socket, and no body."""

    def __init__(self, *, total: int, each: int, patience_s: float = PATIENCE_S) -> None:
        self._total = asyncio.Semaphore(total)
        self._each = each
        self._patience_s = patience_s
        self._owners: dict[str, asyncio.Semaphore] = {}
        self._present: dict[str, int] = {}

    @asynccontextmanager
    async def one(self, owner: str) -> AsyncIterator[None]:
        """Hold a place while the block runs; raises `Busy` when none became free in time."""
        share = self._enter(owner)
        try:
            await self._acquire(share)
            try:
                yield
            finally:
                self._total.release()
                share.release()
        finally:
            self._leave(owner)

    def owners(self) -> int:
        """How many owners are known: those with a place or waiting for one."""
        return len(self._owners)

    async def _acquire(self, share: asyncio.Semaphore) -> None:
        """Both places, the owner's first: nobody holds a common one while waiting for their own."""
        try:
            async with asyncio.timeout(self._patience_s):
                await share.acquire()
                try:
                    await self._total.acquire()
                except BaseException:
                    share.release()
                    raise
        except TimeoutError as error:
            raise Busy("no place became free") from error

    def _enter(self, owner: str) -> asyncio.Semaphore:
        self._present[owner] = self._present.get(owner, 0) + 1
        return self._owners.setdefault(owner, asyncio.Semaphore(self._each))

    def _leave(self, owner: str) -> None:
        self._present[owner] -= 1
        if self._present[owner] == 0:
            del self._present[owner], self._owners[owner]
