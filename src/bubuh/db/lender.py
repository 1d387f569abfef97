"""Lends connections of the driver's pool, and keeps what comes back in order at hand for the next.

The driver's own way out of its pool and back costs as much as a short statement: a task, a timer, a shield, a
proxy. What comes back from a block that raised goes to the driver all the same, which knows how to forget a
cancelled statement and when to cut.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import asyncpg
import structlog

from bubuh.db.errors import connecting, is_gone

Lent = asyncpg.pool.PoolConnectionProxy

_log = structlog.get_logger(__name__)
_RELEASE_S: Final = 5.0  #: how long a connection may take to forget a cancelled statement before it is cut


class Lender:
    """At most `size` connections are out or at hand; who comes later waits, `timeout_s` at most."""

    def __init__(self, pool: asyncpg.Pool, *, size: int, timeout_s: float) -> None:
        """Nothing is made yet."""
        self.timeout_s = timeout_s
        self._pool = pool
        self._size = size
        self._made = 0  #: lent, at hand, or being made
        self._at_hand: list[Lent] = []  #: the last one back goes out first: it is warm
        self._waiting: deque[asyncio.Future[Lent | None]] = deque()
        self._is_closing = False

    async def take(self) -> Lent:
        """A connection that was whole a moment ago; raises `DatabaseUnavailable`."""
        while self._at_hand:
            conn = self._at_hand.pop()
            if not is_gone(conn):
                return conn
            await self.drop(conn)
        with connecting():
            async with asyncio.timeout(self.timeout_s):
                while self._made >= self._size:
                    if (handed := await self._turn()) is not None:
                        return handed
            self._made += 1
            try:
                return await self._pool.acquire(timeout=self.timeout_s)
            except BaseException:
                self._one_less()
                raise

    async def give_back(self, conn: Lent) -> None:
        """Take `conn` back from a block that ended well, outside any transaction."""
        if self._is_closing:
            await self.drop(conn)
        elif (first := self._first_waiting()) is not None:
            first.set_result(conn)
        else:
            self._at_hand.append(conn)

    async def drop(self, conn: Lent) -> None:
        """Give `conn` to the driver, in whatever state. What its block did is decided already."""
        try:
            await self._pool.release(conn, timeout=_RELEASE_S)
        except (asyncpg.PostgresError, asyncpg.InternalClientError, asyncpg.InterfaceError, OSError) as error:
            _log.info("database_connection_dropped", reason=str(error))
        finally:
            self._one_less()

    async def close(self, *, timeout_s: float) -> None:
        """Wait for connections that are out, at most `timeout_s`, then cut them."""
        self._is_closing = True
        try:
            async with asyncio.timeout(timeout_s):
                while self._at_hand:
                    await self.drop(self._at_hand.pop())
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _turn(self) -> Lent | None:
        """What somebody hands over; None: one less is out."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            handed: Lent | None = await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it came in the moment in which we gave up
                await self._pass_on(turn.result())
            turn.cancel()
            raise
        return handed

    async def _pass_on(self, handed: Lent | None) -> None:
        if handed is not None:
            await self.give_back(handed)
        elif (first := self._first_waiting()) is not None:
            first.set_result(None)

    def _one_less(self) -> None:
        self._made -= 1
        if (first := self._first_waiting()) is not None:
            first.set_result(None)

    def _first_waiting(self) -> asyncio.Future[Lent | None] | None:
        while self._waiting:
            if not (turn := self._waiting.popleft()).done():
                return turn
        return None
