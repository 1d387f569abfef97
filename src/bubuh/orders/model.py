"""What is bought and how far it came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.money import price_idr
from bubuh.core.shards import Shard, shard_of_account
from bubuh.orders.refusals import StampsOutOfRange
from bubuh.payments.model import (
    FIRST_ATTEMPT,
    Attempt,
    AttemptState,
    Method,
    PaymentDetails,
    reference_of,
)

MOST_STAMPS: Final = 1_000  #: in one order; Rp10.000.000 is also where QRIS ends
PAYABLE_LOOKS_S: Final = (2, 5)  #: between looks at an order that can be paid: at first, and later
UNREACHED_LOOKS_S: Final = (10, 40)  #: while its gateway, which is asked again after 10 s, has not told how
PATIENT_S: Final = 900.0  #: orders older than this are looked at
OLD_LOOK_S: Final = 40  #: so often
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
class NewOrder:
    """An order to be written, with the gateway that is to collect its money."""

    id: UUID
    account_id: AccountId
    actor: str
    wanted: WantedOrder
    gateway: str
    valid_s: float  #: how long it waits for its money
    is_only: bool = False  #: it is not placed while another order of the account waits for its money

    @property
    def shard(self) -> Shard:
        """The shard of its row."""
        return shard_of_account(self.account_id)

    @property
    def reference(self) -> str:
        """The gateway's name for it."""
        return reference_of(self.id)

    def attempt(self, placed: Order) -> Attempt:
        """The attempt that is written with it, as `placed` says."""
        return Attempt(
            account_id=self.account_id,
            order_id=self.id,
            no=FIRST_ATTEMPT,
            gateway=self.gateway,
            reference=self.reference,
            method=placed.method,
            amount_idr=placed.amount_idr,
            state=AttemptState.UNKNOWN,
            expires_at=placed.expires_at,
            is_over=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOutcome:
    """What became of a `NewOrder`; `order` is None for a child account, and where another order is open."""

    outcome: Literal["done", "already_done", "conflict", "child", "one_order"]
    order: Order | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """An order, and how to pay it; `payment` is None until a gateway has told."""

    order: Order
    payment: PaymentDetails | None
    is_unseen: bool = False  #: it is not paid, and nobody noted for a minute that its buyer looks at it

    def look_again_s(self, now: datetime) -> int | None:
        """In how many seconds a buyer who waits does well to look again; None: nothing is to be waited for.

        Soon at first, then seldom where only a gateway's return helps: in an outage all who came since look,
        and their looks are what a service has least room for when the gateway is back.
        """
        is_payable = self.payment is not None
        first_s, later_s = PAYABLE_LOOKS_S if is_payable else UNREACHED_LOOKS_S
        if self.order.state is OrderState.PAID:
            return first_s
        if self.order.state is not OrderState.PLACED:
            return None
        age_s = (now - self.order.placed_at).total_seconds()
        grown_s = round(age_s if is_payable else 2 * age_s)
        return OLD_LOOK_S if age_s > PATIENT_S else max(first_s, min(later_s, grown_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The answer to a request to buy."""

    shown: ShownOrder
    replayed: bool  #: the same request came before; this is the order as it is now
