"""Buyers of a drill: so many a second, each orders, pays and looks until its quota is there."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec

from bubuh.drill.citizens import Surprise
from bubuh.drill.exchange import NoAnswer, Reply
from bubuh.drill.lines import Lines

_AGAIN_S: Final = 0.2  #: before a request that was not carried out is sent again
_LOOK_S: Final = 2.0  #: between looks at an order, where the service does not say


@dataclass(frozen=True, slots=True)
class Served:
    """A buyer whose quota is there. Monotonic."""

    due: float  #: when it was to come
    done: float  #: when it saw its order filled


@dataclass(slots=True)
class Bought:
    """What the buyers saw together."""

    placed: int = 0
    paid: int = 0
    filled: int = 0
    late_s: list[float] = field(default_factory=list)  #: how long after its hour each came
    served: list[Served] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)  #: by why


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody will buy."""

    stamps: int
    method: str
    request: UUID  #: its Idempotency-Key


class Buyers:
    """Orders come at their hour, whatever became of those before. What is bought comes from `seed`."""

    def __init__(self, url: str, keys: list[str], *, seed: int) -> None:
        """`keys` are the API keys of the accounts that buy in turn."""
        self._url = url
        self._keys = keys
        self._rng = random.Random(f"{seed} buyers")
        self.web, self.gateway = Lines(), Lines()
        self.seen = Bought()

    async def come(self, *, rate: float, seconds: float, told: Callable[[float], None]) -> None:
        """`rate` orders a second for `seconds`; returns when each is filled. Cancelling gives up the rest."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for no in range(int(rate * seconds)):
                due = begun + no / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                told((due - begun) / seconds)
                key, wish = self._keys[no % len(self._keys)], self.wish(self._rng.randint(1, 5))
                group.create_task(self._arrive(key, wish, due))

    def wish(self, stamps: int) -> Wish:
        """The next thing that somebody buys."""
        method = self._rng.choice(("qris", "va"))
        return Wish(stamps, method, UUID(int=self._rng.getrandbits(128)))

    def close(self) -> None:
        """Let go of the connections."""
        self.web.close()
        self.gateway.close()

    async def buy(self, key: str, wish: Wish) -> None:
        """One order, paid; returns when it is filled. Looks as seldom as the service asks for."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        reply = await self._call(
            "POST",
            "/v1/orders",
            {**headers, "Idempotency-Key": str(wish.request)},
            msgspec.json.encode({"stamps": wish.stamps, "method": wish.method}),
        )
        order = reply.json()
        self.seen.placed += 1
        path = f"/v1/orders/{order['id']}"
        while order["payment"] is None:
            reply = await self._look(path, headers, reply)
            order = reply.json()
        await self._insist(self.gateway, "POST", order["payment"]["pay_url"], {}, b"")
        self.seen.paid += 1
        while order["state"] != "filled":
            reply = await self._look(path, headers, reply)
            order = reply.json()
        self.seen.filled += 1

    async def _arrive(self, key: str, wish: Wish, due: float) -> None:
        self.seen.late_s.append(time.monotonic() - due)
        await self.buy(key, wish)
        self.seen.served.append(Served(due, time.monotonic()))

    async def _look(self, path: str, headers: Mapping[str, str], before: Reply) -> Reply:
        await asyncio.sleep(float(before.headers.get("retry-after", _LOOK_S)))
        return await self._call("GET", path, headers)

    async def _call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        return await self._insist(self.web, method, self._url + path, headers, body)

    async def _insist(
        self, lines: Lines, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Ask until it is done; 409 of the gateway means that the try before had paid.

        Raises:
            Surprise: the service says no.
        """
        while True:
            again_s = _AGAIN_S
            try:
                async with lines.one() as line:
                    reply = await line.call(method, url, headers=headers, body=body)
            except NoAnswer as fault:
                self.seen.unanswered[fault.why] += 1
            else:
                self.seen.statuses[reply.status] += 1
                if reply.is_success or (lines is self.gateway and reply.status == 409):
                    return reply
                if reply.status < 500 and reply.status != 429:
                    raise Surprise(f"{method} {url}: {reply.status} {reply.body[:300]!r}")
                again_s = float(reply.headers.get("retry-after", _AGAIN_S))
            await asyncio.sleep(again_s)
