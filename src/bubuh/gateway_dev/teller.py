"""Tells the merchant what happened, until it has heard, with the faults that the script asks for."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import httpx
import msgspec
import structlog

from bubuh.gateway_dev.book import Book
from bubuh.gateway_dev.lines import ShownCharge, ShownNotice, ShownPayment
from bubuh.gateway_dev.script import Script
from bubuh.gateway_dev.signing import notice_headers

_log = structlog.get_logger(__name__)

_TRUST_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  #: plain http on loopback: no store is read
_RETRY_S: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  #: the last one repeats
_AT_ONCE: Final = 50
_REORDER_S: Final = 2.0


class Teller:
    """One task a notice. A notice that was not taken before a restart is told again after it."""

    def __init__(self, book: Book, secret: bytes, notify_url: Callable[[], str | None]) -> None:
        self._book = book
        self._secret = secret
        self._notify_url = notify_url
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._sent = asyncio.Event()  # replaced after each notice that went out
        self._client = httpx.AsyncClient(timeout=5.0, trust_env=False, verify=_TRUST_NOBODY)
        self.follow(Script())

    def follow(self, script: Script) -> None:
        """Behave so from now on."""
        self.script = script
        self._back_at = time.monotonic() + script.outage_s
        self._dice = random.Random(script.seed)  # noqa: S311 -- repeatable on purpose

    @property
    def is_out(self) -> bool:
        """Whether the gateway is out of order just now, as the script says."""
        return time.monotonic() < self._back_at

    def chance(self, of: float) -> bool:
        """Whether a fault of this chance strikes now."""
        return self._dice.random() < of

    async def close(self) -> None:
        """Stop telling; what is untold stands in the book."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def tell(self, event_id: str, charge: ShownCharge) -> None:
        """Begin to tell that `charge` has become so."""
        body = msgspec.json.encode(ShownNotice(event_id=event_id, charge=charge))
        if self.chance(self.script.lose):
            self._start(self._lose(event_id))
            return
        copies = 1 + self.script.copies * self.chance(self.script.repeat)
        reordered = self.chance(self.script.reorder)
        self._start(self._tell(event_id, body, delay_s=self.script.delay_s, reordered=reordered))
        for _ in range(copies - 1):
            self._start(self._tell(None, body, delay_s=self.script.delay_s, reordered=reordered))

    def maybe_forge(self, charge: ShownCharge) -> None:
        """Perhaps somebody without our key claims that `charge` was paid."""
        if self.chance(self.script.forge):
            lie = ShownPayment(
                payment_no="pay_" + secrets.token_hex(12),
                amount=charge.amount_idr,
                paid_at=charge.expires_at,
                currency="IDR",
            )
            forged = msgspec.structs.replace(charge, state="paid", payments=(lie,))
            body = msgspec.json.encode(ShownNotice(event_id="evt_" + secrets.token_hex(12), charge=forged))
            self._start(self._forge(body))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("telling_failed", exc_info=task.exception())

    async def _lose(self, event_id: str) -> None:
        self._book.told(event_id, lost=True)
        await self._book.flush()

    async def _forge(self, body: bytes) -> None:
        await self._post(body, secret=secrets.token_bytes(32))

    async def _tell(self, event_id: str | None, body: bytes, *, delay_s: float, reordered: bool) -> None:
        """Send until taken. A copy (no `event_id`) is sent once."""
        await self._wait(delay_s, reordered=reordered)
        if self.is_out:
            await asyncio.sleep(self._back_at - time.monotonic())
        tries = 0
        while not await self._post(body, secret=self._secret) and event_id is not None:
            await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1
        self._sent.set()
        self._sent = asyncio.Event()
        if event_id is not None:
            self._book.told(event_id)
            await self._book.flush()

    async def _wait(self, delay_s: float, *, reordered: bool) -> None:
        await asyncio.sleep(delay_s)
        if reordered:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REORDER_S):
                    await self._sent.wait()

    async def _post(self, body: bytes, *, secret: bytes) -> bool:
        """Whether the merchant took it."""
        url = self._notify_url()
        if url is None:
            return False
        async with self._gate:
            try:
                answer = await self._client.post(url, content=body, headers=notice_headers(secret, body))
            except httpx.HTTPError as error:
                _log.info("notice_not_taken", why=type(error).__name__)
                return False
        return answer.is_success
