"""The gateway's book: lines that are only appended, on the disk before anybody hears of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Literal, Self

import msgspec

from bubuh.gateway_dev.credentials import NATIVE
from bubuh.gateway_dev.lines import (
    Closed,
    Line,
    NewCharge,
    NewRefund,
    Opened,
    Paid,
    Refunded,
    Refused,
    Reversed,
    ShownCharge,
    ShownPayment,
    ShownRefund,
    ShownReversal,
    Told,
)
from bubuh.gateway_dev.qris import dynamic_qris

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Kept:
    """A charge and what happened to it."""

    opened: Opened
    closed: bool = False
    payments: list[ShownPayment] = field(default_factory=list)
    reversals: list[ShownReversal] = field(default_factory=list)
    refunds: dict[str, ShownRefund] = field(default_factory=dict)

    def left_idr(self, payment_no: str) -> int:
        """What of a payment was neither given nor taken back; nothing of one in other money."""
        paid = sum(p.amount for p in self.payments if p.payment_no == payment_no and p.currency == "IDR")
        back = [
            one for one in self.refunds.values() if one.state != "failed" and one.payment_no == payment_no
        ]
        gone = [one for one in self.reversals if one.payment_no == payment_no]
        return paid - sum(one.amount_idr for one in back) - sum(one.amount_idr for one in gone)

    def state(self, now: datetime) -> Literal["open", "closed", "paid"]:
        """Paid when what was paid suffices; a charge past its time is closed, and may still be paid."""
        if sum(one.amount for one in self.payments if one.currency == "IDR") >= self.opened.amount_idr:
            return "paid"
        return "closed" if self.closed or now >= self.opened.expires_at else "open"


class Book:
    """Every charge, payment and untold notice. What its methods answer is on the disk after `flush`."""

    def __init__(self, handle: int, clock: Clock) -> None:
        self._handle = handle
        self._clock = clock
        self._lock = asyncio.Lock()
        self._pending: list[bytes] = []
        self._added = 0
        self._durable = 0
        self._is_torn = False
        self.charges: dict[str, Kept] = {}
        self.untold: dict[str, str] = {}  #: event_id to reference

    @classmethod
    @contextmanager
    def at(cls, path: Path, clock: Clock) -> Iterator[Self]:
        """The book in file `path`, made when absent. A line torn by a power cut was told to nobody."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            book = cls(handle, clock)
            kept = path.read_bytes()
            whole, _, torn = kept.rpartition(b"\n")
            if torn:
                os.ftruncate(handle, len(kept) - len(torn))
            for line in whole.splitlines():
                book.apply(msgspec.json.decode(line, type=Line))
            _sync_folder(path.parent)
            yield book
        finally:
            os.close(handle)

    def apply(self, line: Line) -> None:
        """Let `line` be true in memory."""
        match line:
            case Opened():
                self.charges[line.reference] = Kept(opened=line)
            case Paid():
                payment = ShownPayment(
                    payment_no=line.payment_no, amount=line.amount, paid_at=line.at, currency=line.currency
                )
                self.charges[line.reference].payments.append(payment)
                self.untold[line.event_id] = line.reference
            case Reversed():
                back = ShownReversal(
                    reversal_no=line.reversal_no,
                    payment_no=line.payment_no,
                    amount_idr=line.amount_idr,
                    reversed_at=line.at,
                )
                self.charges[line.reference].reversals.append(back)
                self.untold[line.event_id] = line.reference
            case Refunded():
                self.charges[line.reference].refunds[line.refund_no] = ShownRefund(
                    refund_no=line.refund_no,
                    payment_no=line.payment_no,
                    amount_idr=line.amount_idr,
                    state=line.state,
                )
            case Closed():
                self.charges[line.reference].closed = True
                self.untold[line.event_id] = line.reference
            case Told():
                self.untold.pop(line.event_id, None)

    def open(self, wanted: NewCharge, *, dialect: str = NATIVE) -> None:
        """Make a charge, or find the one its reference stands for; raises `Refused` when that differs."""
        kept = self.charges.get(wanted.reference)
        if kept is None:
            self._write(
                Opened(
                    reference=wanted.reference,
                    amount_idr=wanted.amount_idr,
                    method=wanted.method,
                    expires_at=wanted.expires_at,
                    at=self._clock(),
                    dialect=dialect,
                )
            )
        elif (kept.opened.amount_idr, kept.opened.method) != (wanted.amount_idr, wanted.method):
            raise Refused(409, "the reference stands for another charge")

    def pay(self, reference: str, amount: int, *, insist: bool, currency: str = "IDR") -> str:
        """Take money; answers the notice's event_id. `insist` pays even what is paid or closed."""
        state = self.find(reference).state(self._clock())
        if state != "open" and not insist:
            raise Refused(409, f"the charge is {state}")
        event_id = "evt_" + token_hex(12)
        self._write(
            Paid(
                reference=reference,
                payment_no="pay_" + token_hex(12),
                amount=amount,
                at=self._clock(),
                event_id=event_id,
                currency=currency,
            )
        )
        return event_id

    def reverse(self, reference: str, payment_no: str) -> str:
        """The payer's bank takes back what is left of a payment; answers the notice's event_id."""
        left_idr = self.find(reference).left_idr(payment_no)
        if left_idr <= 0:
            raise Refused(409, "nothing is left of this payment")
        event_id = "evt_" + token_hex(12)
        self._write(
            Reversed(
                reference=reference,
                reversal_no="rev_" + token_hex(12),
                payment_no=payment_no,
                amount_idr=left_idr,
                at=self._clock(),
                event_id=event_id,
            )
        )
        return event_id

    def refund(
        self, reference: str, wanted: NewRefund, state: Literal["pending", "done", "failed"]
    ) -> ShownRefund:
        """Give money back, ending in `state`; or the refund that this number stands for, as it is."""
        kept = self.find(reference)
        before = kept.refunds.get(wanted.refund_no)
        if before is not None:
            if (before.payment_no, before.amount_idr) != (wanted.payment_no, wanted.amount_idr):
                raise Refused(409, "the number stands for another refund")
            return before
        if wanted.amount_idr > kept.left_idr(wanted.payment_no):
            raise Refused(409, "more than is left of this payment")
        self._write_refund(reference, wanted, state)
        return kept.refunds[wanted.refund_no]

    def end_refund(self, reference: str, refund_no: str, state: Literal["done", "failed"]) -> ShownRefund:
        """A pending refund comes to its end."""
        before = self.find_refund(reference, refund_no)
        if before.state != "pending":
            raise Refused(409, f"the refund is {before.state}")
        wanted = NewRefund(refund_no=refund_no, payment_no=before.payment_no, amount_idr=before.amount_idr)
        self._write_refund(reference, wanted, state)
        return self.find_refund(reference, refund_no)

    def find_refund(self, reference: str, refund_no: str) -> ShownRefund:
        """The refund; raises `Refused`, 404."""
        kept = self.find(reference)
        if refund_no not in kept.refunds:
            raise Refused(404, "no such refund")
        return kept.refunds[refund_no]

    def _write_refund(
        self, reference: str, wanted: NewRefund, state: Literal["pending", "done", "failed"]
    ) -> None:
        self._write(
            Refunded(
                reference=reference,
                refund_no=wanted.refund_no,
                payment_no=wanted.payment_no,
                amount_idr=wanted.amount_idr,
                state=state,
                at=self._clock(),
            )
        )

    def close(self, reference: str) -> str | None:
        """Close an open charge to payers; answers the notice's event_id, or None when it was not open."""
        if self.find(reference).state(self._clock()) != "open":
            return None
        event_id = "evt_" + token_hex(12)
        self._write(Closed(reference=reference, at=self._clock(), event_id=event_id))
        return event_id

    def told(self, event_id: str, *, lost: bool = False) -> None:
        """The notice needs no more telling."""
        self._write(Told(event_id=event_id, lost=lost))

    def find(self, reference: str) -> Kept:
        """The charge; raises `Refused`, 404."""
        if reference not in self.charges:
            raise Refused(404, "no such charge")
        return self.charges[reference]

    def show(self, reference: str, address: str | None) -> ShownCharge:
        """The charge as it is now; its page lies under `address`, when that is known."""
        kept = self.find(reference)
        opened = kept.opened
        is_qris = opened.method == "qris"
        return ShownCharge(
            reference=reference,
            state=kept.state(self._clock()),
            amount_idr=opened.amount_idr,
            currency="IDR",
            method=opened.method,
            expires_at=opened.expires_at,
            qris=dynamic_qris(reference, opened.amount_idr) if is_qris else None,
            va=None if is_qris else _account_no(reference),
            pay_url=address and f"{address}/pay/{reference}",
            payments=tuple(kept.payments),
            opened_at=opened.at,
            reversals=tuple(kept.reversals),
            refunds=tuple(kept.refunds.values()),
        )

    async def flush(self) -> None:
        """Return when all that was written is on the disk. Many callers share one fsync."""
        mark = self._added
        async with self._lock:
            if self._durable >= mark:
                return
            assert not self._is_torn, "what is on the disk is not known: start anew and read it"
            lines, self._pending, upto = self._pending, [], self._added
            self._is_torn = True
            await asyncio.to_thread(self._append, b"".join(lines))
            self._is_torn = False
            self._durable = upto

    def _write(self, line: Line) -> None:
        self.apply(line)
        self._pending.append(msgspec.json.encode(line) + b"\n")
        self._added += 1

    def _append(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        os.fsync(self._handle)


def _account_no(reference: str) -> str:
    """A virtual account number: 16 digits, always the same for a reference."""
    return f"9888{int.from_bytes(sha256(reference.encode()).digest()[:8]) % 10**12:012}"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
