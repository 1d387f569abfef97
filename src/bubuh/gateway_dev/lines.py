"""What the book holds, one line each, for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec


class Opened(msgspec.Struct, frozen=True, tag="opened", tag_field="line"):
    """A charge was made."""

    reference: str
    amount_idr: int
    method: Literal["qris", "va"]
    expires_at: datetime
    at: datetime
    dialect: str = "development"  #: in which it was asked for, and is told of


class Paid(msgspec.Struct, frozen=True, tag="paid", tag_field="line"):
    """Somebody paid; `event_id` is the notice that says so."""

    reference: str
    payment_no: str
    amount: int
    at: datetime
    event_id: str
    currency: str = "IDR"


class Reversed(msgspec.Struct, frozen=True, tag="reversed", tag_field="line"):
    """The payer's bank took the money of a payment back; `event_id` is the notice that says so."""

    reference: str
    reversal_no: str
    payment_no: str
    amount_idr: int
    at: datetime
    event_id: str


class Refunded(msgspec.Struct, frozen=True, tag="refunded", tag_field="line"):
    """The merchant gives money of a payment back. The last line of a `refund_no` is how it stands."""

    reference: str
    refund_no: str
    payment_no: str
    amount_idr: int
    state: Literal["pending", "done", "failed"]
    at: datetime


class Closed(msgspec.Struct, frozen=True, tag="closed", tag_field="line"):
    """The merchant cancelled a charge; `event_id` is the notice that says so."""

    reference: str
    at: datetime
    event_id: str


class Told(msgspec.Struct, frozen=True, tag="told", tag_field="line"):
    """A notice needs no more telling: it was taken, or the script lost it."""

    event_id: str
    lost: bool = False


Line = Opened | Paid | Reversed | Refunded | Closed | Told


class NewCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /charges`."""

    reference: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    amount_idr: Annotated[int, msgspec.Meta(gt=0, le=10_000_000_000)]
    method: Literal["qris", "va"]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


class PayNow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a program may say when it pays; a form says nothing."""

    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None  #: None: what is asked for
    insist: bool = False  #: pay even what is paid, cancelled or past its time
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "IDR"


class ShownPayment(msgspec.Struct, frozen=True):
    """A payment as calls and notices show it."""

    payment_no: str
    amount: int
    paid_at: datetime
    currency: str


class ShownReversal(msgspec.Struct, frozen=True):
    """Money a bank took back, as calls and notices show it."""

    reversal_no: str
    payment_no: str
    amount_idr: int
    reversed_at: datetime


class ShownRefund(msgspec.Struct, frozen=True):
    """A refund as calls and the book show it."""

    refund_no: str
    payment_no: str
    amount_idr: int
    state: Literal["pending", "done", "failed"]


class NewRefund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /charges/{reference}/refunds`."""

    refund_no: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    payment_no: str
    amount_idr: Annotated[int, msgspec.Meta(gt=0, le=10_000_000_000)]


class ShownCharge(msgspec.Struct, frozen=True):
    """A charge as calls and notices show it."""

    reference: str
    state: Literal["open", "closed", "paid"]
    amount_idr: int
    currency: str
    method: str
    expires_at: datetime
    qris: str | None
    va: str | None
    pay_url: str | None
    payments: tuple[ShownPayment, ...]
    opened_at: datetime
    reversals: tuple[ShownReversal, ...] = ()
    refunds: tuple[ShownRefund, ...] = ()


class ShownNotice(msgspec.Struct, frozen=True):
    """The body of a notice."""

    event_id: str
    charge: ShownCharge


class Refused(Exception):
    """A call that cannot be granted: its status and a word why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
