"""Tells the merchant what happened, until it has heard, with the faults that the script asks for."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog

from bubuh.adapters.http_calls import AnswerTooLong, HttpCalls, NotAnswered
from bubuh.gateway_dev.bank import Bank
from bubuh.gateway_dev.book import Book
from bubuh.gateway_dev.credentials import NATIVE, Credentials
from bubuh.gateway_dev.lines import NewRefund, ShownCharge, ShownPayment
from bubuh.gateway_dev.script import Script

#: event_id, the charge, what we are known by, and where it goes: body and headers of a notice
Voice = Callable[[str, ShownCharge, Credentials, str], tuple[bytes, dict[str, str]]]

_log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 65_536  #: of an answer
_RETRY_S: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  #: the last one repeats
_AT_ONCE: Final = 50
_SNAP: Final = "snap"  #: the dialect whose virtual accounts its customer numbers
_REORDER_S: Final = 2.0


class Teller:
    """One task a notice. A notice that was not taken before a restart is told again after it."""

    def __init__(
        self,
        book: Book,
        credentials: Credentials,
        notify_url: Callable[[], str | None],
        voices: Mapping[str, Voice],
    ) -> None:
        """Notices of the native dialect go to `notify_url`, those of others to its sibling of their name."""
        self._book = book
        self._credentials = credentials
        self._voices = voices
        self._notify_url = notify_url
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._sent = asyncio.Event()  # replaced after each notice that went out
        self._calls = HttpCalls()
        self.bank = Bank(credentials, notify_url)
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
        self._calls.close()
        self.bank.close()

    def tell(self, event_id: str, charge: ShownCharge) -> None:
        """Begin to tell that `charge` has become so."""
        if self.chance(self.script.lose):
            self._start(self._lose(event_id))
            return
        copies = 1 + self.script.copies * self.chance(self.script.repeat)
        reordered = self.chance(self.script.reorder)
        self._start(self._tell(event_id, charge, delay_s=self.script.delay_s, reordered=reordered))
        for _ in range(copies - 1):
            copy = self._tell(
                event_id, charge, delay_s=self.script.delay_s, reordered=reordered, is_copy=True
            )
            self._start(copy)

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
            self._start(self._forge(forged))

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

    async def _forge(self, charge: ShownCharge) -> None:
        await self._post("evt_" + secrets.token_hex(12), charge, self._credentials.strange())

    async def _tell(
        self, event_id: str, charge: ShownCharge, *, delay_s: float, reordered: bool, is_copy: bool = False
    ) -> None:
        """Send until taken. A copy is sent once."""
        await self._wait(delay_s, reordered=reordered)
        if self.is_out:
            await asyncio.sleep(self._back_at - time.monotonic())
        tries = 0
        while not await self._post(event_id, charge, self._credentials) and not is_copy:
            await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1
        self._sent.set()
        self._sent = asyncio.Event()
        if not is_copy:
            self._book.told(event_id)
            await self._book.flush()

    async def _wait(self, delay_s: float, *, reordered: bool) -> None:
        await asyncio.sleep(delay_s)
        if reordered:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REORDER_S):
                    await self._sent.wait()

    async def _post(self, event_id: str, charge: ShownCharge, credentials: Credentials) -> bool:
        """Whether the merchant took it."""
        url = self._notify_url()
        if url is None:
            return False
        dialect = self._book.find(charge.reference).opened.dialect
        if charge.method == "va" and dialect == _SNAP:
            return await self._pay(event_id, charge)
        url = url.replace(f"/{NATIVE}/", f"/{dialect}/")
        body, headers = self._voices[dialect](event_id, charge, credentials, url)
        async with self._gate:
            try:
                answer = await self._calls.send(
                    "POST", url, body=body, headers=headers, timeout_s=_TIMEOUT_S, most_bytes=_MOST_BYTES
                )
            except (NotAnswered, AnswerTooLong) as error:
                _log.info("notice_not_taken", why=str(error))
                return False
        return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES

    async def _pay(self, event_id: str, charge: ShownCharge) -> bool:
        """Pay an account of the customer's; what it declines goes back to the payer at once."""
        async with self._gate:
            taken = await self.bank.pay(event_id, charge)
        if taken is False:
            paid = charge.payments[-1]
            back = NewRefund(
                refund_no=event_id.replace("evt_", "declined_"),
                payment_no=paid.payment_no,
                amount_idr=paid.amount,
            )
            self._book.refund(charge.reference, back, "done")
            await self._book.flush()
        return taken is not None
