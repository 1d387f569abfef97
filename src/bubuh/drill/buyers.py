"""Buyers of a drill: so many a second, each orders, pays and looks until its quota is there."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.drill.citizens import Surprise
from bubuh.drill.exchange import Line, NoAnswer, Reply

MOST_AT_ONCE: Final = 600  #: buyers who are at it together; who comes then waits
PATIENCE: Final = 3.0  #: for so many times the time of the drill, buyers who find no place wait for one
_LINES: Final = 96  #: connections kept
_AGAIN_S: Final = 0.2  #: before a request that was not carried out is sent again
_LOOKS_S: Final = (1.0, 1.5, 2.5, 4.0, 6.0)  #: between a buyer's looks at an order; the last one repeats


@dataclass(slots=True)
class Bought:
    """What the buyers saw together."""

    placed: int = 0
    paid: int = 0
    filled: int = 0
    most_late_s: float = 0.0  #: how late a buyer came to order, for want of a place
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0


class Lines:
    """Kept connections to one address, lent to one caller at a time."""

    def __init__(self, count: int = _LINES) -> None:
        self._free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
        self._all = [Line() for _ in range(count)]
        for line in self._all:
            self._free.put_nowait(line)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Line]:
        """A connection for one request."""
        line = await self._free.get()
        try:
            yield line
        finally:
            self._free.put_nowait(line)

    def close(self) -> None:
        """End all connections."""
        for line in self._all:
            line.close()


class Buyers:
    """Orders come at their hour, whether or not those before are done. What is bought comes from `seed`."""

    def __init__(self, url: str, keys: list[str], *, seed: int) -> None:
        """`keys` are the API keys of the accounts that buy in turn."""
        self._url = url
        self._keys = keys
        self._rng = random.Random(f"{seed} buyers")
        self._web, self._gateway = Lines(), Lines()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self.seen = Bought()

    async def come(self, *, rate: float, seconds: float, told: Callable[[float], None]) -> None:
        """`rate` orders a second for `seconds`; returns when each is filled. Cancelling gives up the rest."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for no in range(int(rate * seconds)):
                due = begun + no / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._places.acquire()
                late_s = time.monotonic() - due
                if due + late_s > begun + seconds * PATIENCE:
                    self._places.release()
                    break  # the service is too slow for its buyers: the rest stays at home
                self.seen.most_late_s = max(self.seen.most_late_s, late_s)
                told((due - begun) / seconds)
                group.create_task(self._leave(self._keys[no % len(self._keys)]))

    def close(self) -> None:
        """Let go of the connections."""
        self._web.close()
        self._gateway.close()

    async def buy(self, key: str, *, stamps: int) -> None:
        """One order, paid; returns when it is filled."""
        wanted = {"stamps": stamps, "method": self._rng.choice(("qris", "va"))}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = UUID(int=self._rng.getrandbits(128))
        order = await self._call(
            "POST",
            "/v1/orders",
            {**headers, "Idempotency-Key": str(request)},
            msgspec.json.encode(wanted),
        )
        self.seen.placed += 1
        path = f"/v1/orders/{order['id']}"
        looks = 0
        while order["payment"] is None:
            order, looks = await self._look(path, headers, looks), looks + 1
        await self._insist(self._gateway, "POST", order["payment"]["pay_url"], {}, b"")
        self.seen.paid += 1
        looks = 0
        while order["state"] != "filled":
            order, looks = await self._look(path, headers, looks), looks + 1
        self.seen.filled += 1

    async def _leave(self, key: str) -> None:
        """Buy a few, and make room for the next."""
        try:
            await self.buy(key, stamps=self._rng.randint(1, 5))
        finally:
            self._places.release()

    async def _look(self, path: str, headers: dict[str, str], looks: int) -> dict[str, Any]:
        await asyncio.sleep(_LOOKS_S[min(looks, len(_LOOKS_S) - 1)])
        return await self._call("GET", path, headers)

    async def _call(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> dict[str, Any]:
        return (await self._insist(self._web, method, self._url + path, headers, body)).json()

    async def _insist(
        self, lines: Lines, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> Reply:
        """Ask until it is done; 409 of the gateway means that the try before had paid.

        Raises:
            Surprise: the service says no.
        """
        while True:
            try:
                async with lines.one() as line:
                    reply = await line.call(method, url, headers=headers, body=body)
            except NoAnswer:
                self.seen.unanswered += 1
            else:
                self.seen.statuses[reply.status] += 1
                if reply.is_success or (lines is self._gateway and reply.status == 409):
                    return reply
                if reply.status < 500 and reply.status != 429:
                    raise Surprise(f"{method} {url}: {reply.status} {reply.body[:300]!r}")
            await asyncio.sleep(_AGAIN_S)
