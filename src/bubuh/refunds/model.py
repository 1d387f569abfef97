"""What goes back to a buyer, and how far it came. How much may go back is decided in SQL alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, show_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.payments.model import REFUND, Method, WantedRefund
from bubuh.quota.freeze import MOST_LETTERS
from bubuh.refunds.refusals import RefundUnexplained

MOST_IDR: Final = 10**15  #: beyond anything an order can have left


class RefundKind(StrEnum):
    """Why money goes back."""

    ASKED = "asked"  #: for unused stamps, by the buyer or a clerk
    SURPLUS = "surplus"  #: it bought nothing
    REVERSAL = "reversal"  #: a bank took it back already


class RefundState(StrEnum):
    """See `moves.py`."""

    WAITING = "waiting"  #: for a second person
    ASKED = "asked"
    UNKNOWN = "unknown"  #: the gateway may or may not have it: asked until known
    PENDING = "pending"  #: the gateway has it
    DONE = "done"
    FAILED = "failed"
    DECLINED = "declined"


class Ending(StrEnum):
    """What an operator says of an overdue refund."""

    DONE = "done"  #: its buyer has the money, by the gateway or another way: the reason says which
    FAILED = "failed"  #: nobody will carry it: stamps are given back, a surplus is listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRefund:
    """What a buyer or clerk asks for."""

    order_id: UUID
    stamps: int
    refundable_idr: int  #: what of the order may still go back, as the asker saw it
    reason: str  #: for the gateway's statement and the audit; no personal data

    def __post_init__(self) -> None:
        """Raises `RefundUnexplained`."""
        if not 1 <= len(self.reason.strip()) <= MOST_LETTERS:
            raise RefundUnexplained(most=MOST_LETTERS)

    @property
    def sha256(self) -> bytes:
        """What tells a replay from another request under the same key."""
        text = f"refund 1|{self.order_id}|{self.stamps}|{self.refundable_idr}|{self.reason}"
        return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as its row says."""

    id: UUID
    account_id: AccountId
    order_id: UUID
    kind: RefundKind
    state: RefundState
    stamps: int
    amount_idr: int
    reason: str
    asked_at: datetime
    ended_at: datetime | None
    is_overdue: bool  #: no end is known, and an operator has it on the unmatched list
    end_told: Ending | None  #: what one operator said of its end, and a second is to say as well


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRefund:
    """A refund that its gateway is to be asked about, or for."""

    account_id: AccountId
    id: UUID
    order_id: UUID
    gateway: str
    payment_no: str
    amount_idr: int
    reason: str
    before: RefundState  #: what it was in when it was taken
    reference: str | None  #: of the charge; None: no attempt of ours is known there
    method: str | None

    @property
    def shard(self) -> Shard:
        """The shard of the refund's row."""
        return shard_of_account(self.account_id)

    def wanted(self) -> WantedRefund:
        """What the gateway is asked for, the same each time."""
        assert self.reference is not None
        assert self.method is not None
        return WantedRefund(
            refund_no=show_id(REFUND, self.id),
            reference=self.reference,
            payment_no=self.payment_no,
            method=Method(self.method),
            amount_idr=self.amount_idr,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunds:
    """What of an order went back or may."""

    refundable_idr: int  #: for unused stamps; whether enough are free is another question
    refunds: tuple[Refund, ...]  #: the oldest first
