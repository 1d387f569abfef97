"""Hints that something may be worth looking at. They get lost, come late, come twice: nothing rests on them.

Whoever waits also looks by itself every so often. Ring in a commit of its own, after the one that matters:
NOTIFY makes committing transactions queue behind each other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import chain
from typing import Any, Final

import structlog

from bubuh.core.errors import DatabaseUnavailable, Fault
from bubuh.db.errors import talking
from bubuh.db.pool import Conn, Database, connect

_log = structlog.get_logger(__name__)
_RING_N: Final = "SELECT pg_notify(c, p) FROM unnest($1::text[], $2::text[]) AS x (c, p)"
_RETRY_S: Final = (0.1, 0.3, 0.5)  #: the last one repeats
_ALIVE_S: Final = 30.0  #: how often a silent connection is asked whether it still lives


async def ring(on: Conn | Database, channel: str, payload: str = "") -> None:
    """Tell whoever listens to `channel` now."""
    await on.execute("SELECT pg_notify($1, $2)", channel, payload)


class Ringer:
    """Rings for whoever goes on meanwhile; what is rung while a ring is on its way goes with the next, once.

    One for each event loop. A ring that fails is told to the log and to nobody else.
    """

    def __init__(self, db: Database) -> None:
        """Nobody is rung for yet."""
        self._db = db
        self._wanted: set[tuple[str, str]] = set()
        self._ringing: asyncio.Task[None] | None = None

    def ring(self, channel: str, payload: str = "") -> None:
        """Tell whoever listens to `channel`, soon."""
        self._wanted.add((channel, payload))
        if self._ringing is None:
            self._ringing = asyncio.create_task(self._ring(), name="ring")

    async def _ring(self) -> None:
        try:
            while self._wanted:
                rings, self._wanted = self._wanted, set()
                channels, payloads = zip(*rings, strict=True)
                try:
                    await self._db.fetch(_RING_N, channels, payloads)
                except Fault as fault:
                    _log.info("bell_not_rung", code=fault.code)  # whoever waits looks by itself
        finally:
            self._ringing = None


class Doorbell:
    """Hears rings over a connection of its own, which it makes again whenever it breaks."""

    def __init__(self, dsn: str, channels: Sequence[str]) -> None:
        self._dsn = dsn
        self._channels = tuple(channels)
        self._waiting: dict[tuple[str, str | None], set[Subscription]] = {}  #: by what they hear
        self._is_over = False
        self._listening = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Doorbell]:
        """Listen while the block runs; does not wait until the first connection stands."""
        task = asyncio.create_task(self._listen_for_ever(), name="doorbell")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until_listening(self) -> None:
        """Return when the connection stands; rings before that moment are not heard."""
        await self._listening.wait()

    @contextmanager
    def subscribe(self, channel: str, payload: str | None = None) -> Iterator[Subscription]:
        """Hear rings of `channel`, of one payload or (None) of all. Subscribe first, look, then wait."""
        assert channel in self._channels, channel
        subscription, heard = Subscription(), (channel, payload)
        if self._is_over:
            subscription.end()
        self._waiting.setdefault(heard, set()).add(subscription)
        try:
            yield subscription
        finally:
            self._waiting[heard].discard(subscription)
            if not self._waiting[heard]:
                del self._waiting[heard]

    async def wait(self, channel: str, timeout_s: float, *, payload: str | None = None) -> bool:
        """Whether it rang from now on, before `timeout_s` were over."""
        with self.subscribe(channel, payload) as subscription:
            return await subscription.wait(timeout_s)

    def end_waits(self) -> None:
        """Nobody shall wait any more, now or later: the process is about to end."""
        self._is_over = True
        for subscription in self._all():
            subscription.end()

    async def _listen_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
            except Fault as error:
                _log.info("doorbell_lost", reason=str(error))
            failures = 0 if self._listening.is_set() else failures + 1
            self._listening.clear()
            await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])

    async def _listen(self) -> None:
        """Listen until the connection breaks."""
        conn = await connect(self._dsn)
        gone = asyncio.Event()
        conn.add_termination_listener(lambda *_: gone.set())
        try:
            with talking(conn):
                for channel in self._channels:
                    await conn.add_listener(channel, self._heard)
                self._listening.set()
                self._ring_all()  # whatever rang while nobody listened
                await _watch(conn, gone)
        finally:
            conn.terminate()

    def _heard(self, _conn: Any, _pid: int, channel: str, payload: object) -> None:
        for heard in ((channel, None), (channel, str(payload))):
            for subscription in self._waiting.get(heard, ()):
                subscription.ring(str(payload))

    def _ring_all(self) -> None:
        for subscription in self._all():
            subscription.ring()

    def _all(self) -> Iterator[Subscription]:
        return chain.from_iterable(self._waiting.values())


async def _watch(conn: Conn, gone: asyncio.Event) -> None:
    """Return when the connection is gone; a silent one is asked now and then."""
    while not gone.is_set():
        try:
            async with asyncio.timeout(_ALIVE_S):
                await gone.wait()
        except TimeoutError:
            await _ask(conn)


async def _ask(conn: Conn) -> None:
    try:
        await conn.execute("SELECT 1", timeout=5.0)
    except TimeoutError as error:
        raise DatabaseUnavailable("the doorbell's connection does not answer") from error


class Subscription:
    """One ear: remembers a ring until it is waited for."""

    def __init__(self) -> None:
        self.is_over = False  #: nothing more is to be waited for: make do with what is known
        self._rang = asyncio.Event()
        self._heard: set[str] = set()

    def end(self) -> None:
        """Wake whoever waits, for the last time."""
        self.is_over = True
        self._rang.set()

    def ring(self, payload: str | None = None) -> None:
        """Wake whoever waits now or next; None: something may have been missed."""
        self._rang.set()
        if payload is not None:
            self._heard.add(payload)

    def take(self) -> set[str]:
        """The payloads heard since this was last asked."""
        heard, self._heard = self._heard, set()
        return heard

    async def wait(self, timeout_s: float) -> bool:
        """Whether it rang since the last wait (or since subscribing), before `timeout_s` were over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rang.wait()
        except TimeoutError:
            return False
        self._rang.clear()
        return True
