"""Users of a drill: they buy, upload, stamp, follow and download, and ask again until they are answered."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bubuh.drill.exchange import Line, NoAnswer, Reply
from bubuh.drill.journal import Journal, Told
from bubuh.drill.letter import letter
from bubuh.settings import NotRunning

_AGAIN_S: Final = (0.05, 0.1, 0.2, 0.5)  #: before a request without an answer is sent again; the last repeats
_LOOK_S: Final = 0.1
_MOST_BOUGHT: Final = 5
_HANGS_UP: Final = 0.1  #: share of stamps whose user is gone before the answer
_TWICE: Final = 0.1  #: share of stamps asked for twice at once with one key
_STOPPED: Final = {"affixed", "returned"}


class Surprise(Exception):
    """An answer that no user did anything to deserve; the drill reports it."""


@dataclass(slots=True)
class Tally:
    """What all users saw together."""

    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    affixed: list[tuple[float, float]] = field(
        default_factory=list
    )  #: asked, known to be affixed (monotonic)
    returned: int = 0
    surprises: list[str] = field(default_factory=list)

    def affixed_since(self, moment: float) -> bool:
        """Whether a stamp that was asked for after `moment` (monotonic) is affixed."""
        return any(asked >= moment for asked, _ in self.affixed)


class Citizen:
    """One user with one account. Its moods come from `rng`; `url` says where the service is now."""

    def __init__(
        self, name: str, *, rng: random.Random, url: Callable[[], str], journal: Journal, tally: Tally
    ) -> None:
        self._name = name
        self._rng = rng
        self._url = url
        self._journal = journal
        self._tally = tally
        self._line, self._second = Line(), Line()
        self._account = ""
        self._key = ""
        self._free = 0
        self._acts = 0
        self.doing = "nothing"  #: for the report, when it never ends

    async def live(self, is_over: Callable[[], bool]) -> None:
        """Go from letter to letter; once it `is_over`, end the letter in hand and stop."""
        try:
            await self._open()
            while not is_over():
                await self._one_letter()
        except Surprise as surprise:
            self._tally.surprises.append(f"{self._name}, {self.doing}: {surprise}")
        finally:
            self._line.close()
            self._second.close()

    async def _open(self) -> None:
        self.doing = "opening an account"
        opened = (await self._insist("POST", "/dev/accounts", fresh=True)).json()
        self._account, self._key = opened["id"], opened["key"]
        await self._journal.write(Told.OPENED, self._account, self._account)

    async def _one_letter(self) -> None:
        wanted = self._rng.choice((1, 1, 2))
        while self._free < wanted:
            await self._buy(self._rng.randint(1, _MOST_BOUGHT))
        self.doing = "uploading"
        data, key = letter(f"{self._name} {self._acts}"), self._fresh_key()
        kept = (
            await self._insist("POST", "/v1/documents", key=key, body=data, content="application/pdf")
        ).json()
        await self._journal.write(
            Told.KEPT, self._account, kept["id"], key=key, fact=hashlib.sha256(data).hexdigest()
        )
        for _ in range(wanted):
            await self._affix(kept["id"])

    async def _buy(self, stamps: int) -> None:
        self.doing = "buying"
        key = self._fresh_key()
        wanted = msgspec.json.encode({"stamps": stamps, "method": self._rng.choice(("qris", "va"))})
        order = (await self._insist("POST", "/v1/orders", key=key, body=wanted)).json()
        await self._journal.write(Told.PLACED, self._account, order["id"], key=key, fact=str(stamps))
        order = await self._until(f"/v1/orders/{order['id']}", lambda now: now["payment"] is not None)
        self.doing = f"paying order {order['id']}"
        await self._insist("POST", order["payment"]["pay_url"], also=(409,))  # 409: paid by the try before
        await self._journal.write(Told.PAID, self._account, order["id"])
        await self._until(f"/v1/orders/{order['id']}", lambda now: now["state"] == "filled")
        await self._journal.write(Told.SEEN, self._account, order["id"], fact="filled")
        self._free += stamps

    async def _affix(self, document_id: str) -> None:
        self.doing = f"stamping {document_id}"
        wanted = {
            "document_id": document_id,
            "page": 1,
            "x": 400.0,
            "y": float(self._rng.randint(60, 700)),
            "width": 70.0,
            "document_type": "surat lamaran",
            "document_no": str(self._acts),
            "document_date": "2026-11-22",
        }
        asked_at = time.monotonic()
        stamp = await self._ask(msgspec.json.encode(wanted), self._fresh_key())
        self._free -= 1
        self.doing = f"following {stamp['id']}"
        seen = stamp["state"]
        while seen not in _STOPPED:
            headers = {"Prefer": "wait=5"}
            now = (await self._insist("GET", f"/v1/stamps/{stamp['id']}", headers=headers)).json()["state"]
            if now != seen:
                await self._journal.write(Told.SEEN, self._account, stamp["id"], fact=now)
            seen = now
        if seen == "returned":
            self._tally.returned += 1
            self._free += 1
            return
        self._tally.affixed.append((asked_at, time.monotonic()))
        await self._fetch(stamp["id"])

    async def _ask(self, body: bytes, key: str) -> dict[str, Any]:
        """Ask for a stamp: plainly, hanging up on the first try, or twice at once with one key."""
        mood = self._rng.random()
        if mood < _HANGS_UP:
            try:
                await self._line.call(
                    "POST", self._at("/v1/stamps"), headers=self._headers(key), body=body, hang_up=True
                )
            except (NoAnswer, NotRunning):
                self._tally.unanswered += 1
        asks: list[Awaitable[Reply]] = [self._insist("POST", "/v1/stamps", key=key, body=body)]
        if mood > 1 - _TWICE:
            asks.append(self._insist("POST", "/v1/stamps", key=key, body=body, line=self._second))
        answers = [reply.json() for reply in await asyncio.gather(*asks)]
        for answer in answers:
            await self._journal.write(Told.ACCEPTED, self._account, answer["id"], key=key)
        await self._journal.write(Told.SEEN, self._account, answers[0]["id"], fact=answers[0]["state"])
        return answers[0]

    async def _fetch(self, stamp_id: str) -> None:
        self.doing = f"downloading {stamp_id}"
        for _ in range(self._rng.choice((1, 1, 2))):  # the same bytes each time
            reply = await self._insist("GET", f"/v1/stamps/{stamp_id}/document")
            found = hashlib.sha256(reply.body).hexdigest()
            if reply.headers.get("etag") != f'"{found}"':
                raise Surprise(f"the document of {stamp_id} is not what its ETag names")
            await self._journal.write(Told.FETCHED, self._account, stamp_id, fact=found)

    async def _until(self, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look at a resource until `holds`."""
        while True:
            now = (await self._insist("GET", path)).json()
            if holds(now):
                return now
            await asyncio.sleep(_LOOK_S)

    async def _insist(
        self,
        method: str,
        path: str,
        *,
        key: str = "",
        body: bytes = b"",
        content: str = "application/json",
        headers: dict[str, str] | None = None,
        also: tuple[int, ...] = (),
        fresh: bool = False,
        line: Line | None = None,
    ) -> Reply:
        """Ask the same until the service answers; a 5xx, a 429 and silence are no answers.

        Raises:
            Surprise: it says no.
        """
        told = {} if fresh else self._headers(key)
        if body:
            told["Content-Type"] = content
        again = 0
        while True:
            try:
                reply = await (line or self._line).call(
                    method, self._at(path), headers=told | (headers or {}), body=body
                )
                self._tally.statuses[reply.status] += 1
                if reply.is_success or reply.status in also:
                    return reply
                if reply.status < 500 and reply.status != 429:
                    raise Surprise(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
            except (NoAnswer, NotRunning):
                self._tally.unanswered += 1
            await asyncio.sleep(_AGAIN_S[min(again, len(_AGAIN_S) - 1)])
            again += 1

    def _at(self, path: str) -> str:
        return path if path.startswith("http") else self._url() + path

    def _headers(self, key: str) -> dict[str, str]:
        told = {"Authorization": f"Bearer {self._key}"}
        return told | {"Idempotency-Key": key} if key else told

    def _fresh_key(self) -> str:
        self._acts += 1
        return f"{self._name}-{self._acts}"
