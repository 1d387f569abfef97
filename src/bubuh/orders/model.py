"""What is bought and how far it came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.money import price_idr
from bubuh.orders.refusals import StampsOutOfRange
from bubuh.payments.model import Method, PaymentDetails

MOST_STAMPS: Final = 1_000  #: in one order; Rp10.000.000 is also where QRIS ends
VALID_S: Final = 3_600.0  #: how long an order waits for its money before it is shown as expired


class OrderState(StrEnum):
    """See `moves.py`."""

    PLACED = "placed"
    PAID = "paid"
    FILLED = "filled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOrder:
    """What a buyer asks for."""

    stamps: int
    method: Method

    def __post_init__(self) -> None:
        """Raises `StampsOutOfRange`."""
        if not 1 <= self.stamps <= MOST_STAMPS:
            raise StampsOutOfRange(stamps=self.stamps, most=MOST_STAMPS)

    @property
    def amount_idr(self) -> int:
        """What it costs."""
        return price_idr(self.stamps)

    @property
    def sha256(self) -> bytes:
        """What tells a replay from another request under the same key."""
        return hashlib.sha256(f"order 1|{self.stamps}|{self.method}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its row says."""

    id: UUID
    account_id: AccountId
    state: OrderState
    stamps: int
    method: Method
    amount_idr: int
    amount_paid_idr: int  #: all that arrived; may be less or more than `amount_idr`
    amount_returned_idr: int  #: of that, what bought nothing and goes or went back
    placed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """An order, and how to pay it; `payment` is None until a gateway has told."""

    order: Order
    payment: PaymentDetails | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The answer to a request to buy."""

    shown: ShownOrder
    replayed: bool  #: the same request came before; this is the order as it is now
