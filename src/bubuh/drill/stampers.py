"""People who stamp while others buy: so many stamps a second, each of a document of its own, each timed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.drill.citizens import Surprise
from bubuh.drill.exchange import NoAnswer, Reply
from bubuh.drill.letter import letter
from bubuh.drill.lines import Lines

STOCK: Final = 1_000  #: stamps that one of them has bought before
_AGAIN_S: Final = 0.05  #: before a request that was not carried out is made again
_WAIT_S: Final = 20  #: for which one request waits for its stamp
_PLACE: Final = {"page": 1, "x": 400.0, "y": 500.0, "width": 70.0}
_ABOUT: Final = {"document_type": "surat lamaran", "document_date": "2026-11-22"}


@dataclass(frozen=True, slots=True)
class Stamped:
    """One stamp, from the hour its user came to the last byte of the stamped document."""

    came: float  #: monotonic
    waited_s: float


class Stampers:
    """Stamps come at their hour, whether or not those before are done; accounts stamp in turn."""

    def __init__(self, url: str, keys: list[str], *, seed: int) -> None:
        """`keys` are the API keys of accounts that have bought enough."""
        self._url = url
        self.keys = keys
        self._rng = random.Random(f"{seed} stampers")
        self.lines = Lines()
        self.stamped: list[Stamped] = []
        self.again: Counter[str] = Counter()  #: requests made once more, by what came of them before

    async def come(self, *, rate: float, is_over: Callable[[], bool]) -> None:
        """`rate` stamps a second until it `is_over`; returns when each is done.

        Raises:
            ExceptionGroup of Surprise: a stamp was refused, or given back.
        """
        begun, no = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not is_over():
                due = begun + no / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._stamp(no, due))
                no += 1

    def close(self) -> None:
        """Let go of the connections."""
        self.lines.close()

    async def _stamp(self, no: int, due: float) -> None:
        own = {"Authorization": f"Bearer {self.keys[no % len(self.keys)]}"}
        pdf = letter(f"drill {no}")
        document = (
            await self._call("POST", "/v1/documents", own, self._key(), "application/pdf", pdf)
        ).json()
        wanted = _PLACE | _ABOUT | {"document_no": str(no), "document_id": document["id"]}
        stamp = await self._affixed(own, msgspec.json.encode(wanted))
        if not (await self._call("GET", f"/v1/stamps/{stamp['id']}/document", own)).body.startswith(pdf):
            raise Surprise(f"the document of {stamp['id']} does not begin with its original")
        self.stamped.append(Stamped(due, time.monotonic() - due))

    async def _affixed(self, own: Mapping[str, str], body: bytes) -> dict[str, Any]:
        waits = {**own, "Prefer": f"wait={_WAIT_S}"}
        stamp = (await self._call("POST", "/v1/stamps", waits, self._key(), "application/json", body)).json()
        while stamp["state"] in {"accepted", "processing"}:
            stamp = (await self._call("GET", f"/v1/stamps/{stamp['id']}", waits)).json()
        if stamp["state"] != "affixed":
            raise Surprise(f"stamp {stamp['id']} is {stamp['state']}")
        return stamp

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        key: str = "",
        content: str = "",
        body: bytes = b"",
    ) -> Reply:
        """One request, made until it is answered; all of that is the time of a stamp.

        Raises:
            Surprise: the service says no.
        """
        told = dict(headers) | ({"Idempotency-Key": key, "Content-Type": content} if key else {})
        while True:
            try:
                async with self.lines.one() as line:
                    reply = await line.call(method, self._url + path, headers=told, body=body)
            except NoAnswer as fault:
                self.again[fault.why] += 1
                continue
            if reply.is_success:
                return reply
            if reply.status < 500 and reply.status != 429:
                raise Surprise(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
            self.again[str(reply.status)] += 1
            await asyncio.sleep(float(reply.headers.get("retry-after", _AGAIN_S)))

    def _key(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128)))
