"""What gateways and we say to each other, in one vocabulary. Money is whole rupiah."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, MalformedId, read_id, shard_of_id, show_id
from bubuh.core.shards import SHARDS, Shard, shard_of_account

MAX_NOTICE_BYTES: Final = 65_536  #: real notices have 1 to 4 KB
IDR: Final = "IDR"  #: the one currency that stamps are bought in
REFUND: Final = "rfd"  #: prefix of a refund's shown id, which is its number at gateways
FIRST_ATTEMPT: Final = 1
_ACCOUNT: Final = "va:"


class Method(StrEnum):
    """How a buyer pays."""

    QRIS = "qris"
    VA = "va"  #: a bank's virtual account


class Address(StrEnum):
    """Which of our addresses a word of money came to. What is signed for one is a forgery at the other."""

    NOTICES = "notices"  #: where gateways tell what happened
    PAYMENT = "payment"  #: where a bank pays a virtual account, and is told whether we take it


class AttemptState(StrEnum):
    """What we know of an attempt; see `moves.py`."""

    UNKNOWN = "unknown"  #: the gateway may or may not have it
    OPEN = "open"
    CLOSED = "closed"  #: takes no more money, says the gateway; some may have come or still come
    PAID = "paid"


class RefundWord(StrEnum):
    """How far a gateway says a refund came."""

    PENDING = "pending"  #: it has the request; the money has not left, and may yet
    DONE = "done"  #: the money is on its way back, finally
    FAILED = "failed"  #: no money will leave by this refund, finally
    UNKNOWN = "unknown"  #: it cannot say: ask again, and change nothing meanwhile


class SettleOutcome(StrEnum):
    """What became of money that arrived."""

    DONE = "done"  #: its order is filled now
    ALREADY_DONE = "already_done"  #: it counted before
    UNDERPAID = "underpaid"  #: kept; the order needs more
    SURPLUS = "surplus"  #: kept; the order was filled without it
    CONFLICT = "conflict"  #: this payment was told before with another amount
    UNKNOWN = "unknown"  #: there is no such order; of a reversal, no such payment


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetails:
    """What a payer needs; None where the method does not have it."""

    qris: str | None = None  #: EMVCo merchant-presented text, to be shown as a code
    va: str | None = None  #: virtual account number
    pay_url: str | None = None  #: the gateway's own page


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a gateway lets one process of ours call it, as a generic cell rate."""

    per_s: float  #: calls a second in the long run
    burst: int  #: calls at once after a rest
    at_once: int = 10  #: calls on their way together


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money a gateway took. It counts once, by the gateway's own number for it."""

    payment_no: str
    amount: int  #: whole units of `currency`, what is less than one cut off
    paid_at: datetime
    currency: str = IDR  #: ISO 4217; other money than rupiah is never credited


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """Money of a payment that a bank took back (chargeback). It counts once, by its own number."""

    reversal_no: str
    payment_no: str
    amount_idr: int
    reversed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCharge:
    """What a gateway is asked to collect. The reference is ours and unique: the same one, the same charge."""

    reference: str
    amount_idr: int
    method: Method
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a gateway says of a reference.

    `unknown` is a gateway that has the reference and cannot say how it stands; one that does not have it says
    so by None. What is told of money stays told: a payment that was reversed is in `payments` still.
    """

    reference: str
    state: AttemptState
    details: PaymentDetails = field(default_factory=PaymentDetails)
    payments: tuple[Payment, ...] = ()
    reversals: tuple[Reversal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefund:
    """What a gateway is asked to give back. `refund_no` is ours and unique: the same one, the same refund."""

    refund_no: str
    reference: str  #: of the charge
    payment_no: str  #: of the payment that the money came by
    method: Method
    amount_idr: int  #: at most what is left of the payment
    reason: str  #: for the gateway's statement; no personal data


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRefund:
    """What a gateway says of a refund."""

    refund_no: str
    state: RefundWord
    why: str | None = None  #: the gateway's own word for a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A gateway's genuine word, unasked. The same `event_id` may come many times."""

    event_id: str
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to have an order paid at one gateway."""

    account_id: AccountId
    order_id: UUID
    no: int  #: from 1
    gateway: str
    reference: str
    method: Method
    amount_idr: int
    state: AttemptState
    expires_at: datetime
    is_over: bool  #: expired, by the database's clock when this was read

    @property
    def shard(self) -> Shard:
        """The shard of the attempt's row."""
        return shard_of_account(self.account_id)

    def wanted(self) -> WantedCharge:
        """What the gateway is asked for, the same each time."""
        return WantedCharge(
            reference=self.reference,
            amount_idr=self.amount_idr,
            method=self.method,
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPayment:
    """A payment and the order it is for."""

    account_id: AccountId
    order_id: UUID
    gateway: str
    payment_no: str
    amount_idr: int
    paid_at: datetime

    @property
    def shard(self) -> Shard:
        """The shard of the order's row."""
        return shard_of_account(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReversal:
    """Money a bank took back, and the order it was for."""

    account_id: AccountId
    order_id: UUID
    gateway: str
    reversal_no: str
    payment_no: str
    amount_idr: int
    reversed_at: datetime

    @property
    def shard(self) -> Shard:
        """The shard of the order's row."""
        return shard_of_account(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a gateway said of one of our attempts, asked or unasked."""

    attempt: Attempt
    charge: Charge

    @property
    def has_money(self) -> bool:
        """Whether it tells of any, come or gone."""
        return bool(self.charge.payments or self.charge.reversals)

    def payments(self) -> list[ReceivedPayment]:
        """The rupiah in it, with the order they are for."""
        return [
            ReceivedPayment(
                account_id=self.attempt.account_id,
                order_id=self.attempt.order_id,
                gateway=self.attempt.gateway,
                payment_no=payment.payment_no,
                amount_idr=payment.amount,
                paid_at=payment.paid_at,
            )
            for payment in self.charge.payments
            if payment.currency == IDR
        ]

    def reversals(self) -> list[ReceivedReversal]:
        """What banks took back, with the order it was for."""
        return [
            ReceivedReversal(
                account_id=self.attempt.account_id,
                order_id=self.attempt.order_id,
                gateway=self.attempt.gateway,
                reversal_no=reversal.reversal_no,
                payment_no=reversal.payment_no,
                amount_idr=reversal.amount_idr,
                reversed_at=reversal.reversed_at,
            )
            for reversal in self.charge.reversals
        ]

    def strange_money(self) -> list[Payment]:
        """Payments in other money than rupiah."""
        return [payment for payment in self.charge.payments if payment.currency != IDR]


def reference_of(order_id: UUID, no: int = FIRST_ATTEMPT) -> str:
    """The gateway's name for attempt `no`: the order's shown id, and the number."""
    return f"{show_id('ord', order_id)}-{no}"


def account_reference(account_no: str) -> str:
    """What stands for a reference in the words of a bank that knows the virtual account's number alone."""
    return _ACCOUNT + account_no


def account_no_of(reference: str) -> str | None:
    """The number in an `account_reference`; None: it is none."""
    return reference.removeprefix(_ACCOUNT) if reference.startswith(_ACCOUNT) else None


def shard_of_account_no(account_no: str) -> Shard | None:
    """Where the attempt with a virtual account that we numbered lives: its last two digits say it."""
    named = account_no[-2:]
    is_ours = account_no.isascii() and account_no.isdecimal() and len(named) == 2 and int(named) < SHARDS
    return Shard(int(named)) if is_ours else None


def shard_of_reference(reference: str) -> Shard | None:
    """Where the attempt with this reference lives; None: no reference of ours looks so."""
    account_no = account_no_of(reference)
    if account_no is not None:
        return shard_of_account_no(account_no)
    shown, _, _ = reference.rpartition("-")
    try:
        return shard_of_id(read_id("ord", shown))
    except MalformedId:
        return None
