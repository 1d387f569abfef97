"""Slow hashes of passwords and PINs, in a few threads with a queue of their own.

argon2id at the least that OWASP's Password Storage Cheat Sheet names (19 MiB, 2 passes, 1 lane): 27 ms of a
core. So the threads are few, that a surge of sign-ins does not take the whole machine, and the queue is
short, that nobody waits longer than they would stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from bubuh.identity.people.refusals import HasherBusy

T = TypeVar("T")

THREADS: Final = 2
MOST_WAITING: Final = 64

_ARGON2: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Of nobody's password: verified where there is no person, so that it takes as long as with one.
NOBODY: Final = _ARGON2.hash("a password that nobody has")


class Hasher:
    """Hashes and verifies, at most `threads` at once and `most_waiting` behind them."""

    def __init__(self, *, threads: int = THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads + most_waiting
        self._inside = 0

    async def hash(self, secret: str) -> str:
        """The hash to keep of `secret`; raises `HasherBusy`."""
        return await self._run(partial(_ARGON2.hash, secret))

    async def verify(self, secret: str, kept: str) -> bool:
        """Whether `kept` is a hash of `secret`; raises `HasherBusy`."""
        return await self._run(partial(_is_of, secret, kept))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inside >= self._room:
            raise HasherBusy("too many passwords wait")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside -= 1


def _is_of(secret: str, kept: str) -> bool:
    try:
        return _ARGON2.verify(kept, secret)
    except VerifyMismatchError:
        return False
