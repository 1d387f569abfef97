"""A line of the unmatched list: what it may be about, and how it may end. Acts upon it: `unmatched.py`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, show_account, show_id
from bubuh.core.shards import SHARDS
from bubuh.payments.model import IDR, REFUND

LINE: Final = "unm"  #: prefix of a line's shown id


class Kind(StrEnum):
    """Why something lies on the list. A name never changes its meaning."""

    UNKNOWN_ORDER = "unknown_order"  #: a genuine word about a reference of our form that nothing here has
    FOREIGN_REFERENCE = "foreign_reference"  #: a genuine word about a reference that is not of our form
    UNREADABLE = "unreadable"  #: a genuine word that cannot be read, or not be booked
    OTHER_CURRENCY = "other_currency"
    AMOUNT_DIFFERS = "amount_differs"  #: a payment told twice, with two amounts; the first stands
    UNDERPAID = "underpaid"  #: money of an order that it does not cover; given back if the rest never comes
    REVERSAL = "reversal"  #: a bank took back what was spent already
    REFUND_FAILED = "refund_failed"  #: money that is to go back, and the gateway will not carry it
    REFUND_OVERDUE = "refund_overdue"  #: its gateway has neither carried nor declined it for a day
    REFUND_CONTRADICTED = "refund_contradicted"  #: the gateway told one end of a refund, and then the other
    SETTLEMENT_UNKNOWN = "settlement_unknown"  #: a settlement file has a payment that we never heard of
    SETTLEMENT_MISSING = "settlement_missing"  #: a payment of ours is in no settlement file
    SETTLEMENT_DIFFERS = "settlement_differs"  #: in a settlement file with another amount
    SETTLEMENT_DOUBLED = "settlement_doubled"  #: twice in settlement files
    RETURN_UNKNOWN = "return_unknown"  #: a file has money given back that no refund or reversal here explains
    RETURN_MISSING = "return_missing"  #: a refund or reversal of ours is in no settlement file
    RETURN_DIFFERS = "return_differs"  #: given back in another amount than our refund's
    RETURN_DOUBLED = "return_doubled"  #: given back twice
    BANK_UNKNOWN = "bank_unknown"  #: a bank statement has money that no settlement explains
    BANK_DEBIT_UNKNOWN = "bank_debit_unknown"  #: the same of money that left
    BANK_MISSING = "bank_missing"  #: settled by the gateway, and in no bank statement


class Resolution(StrEnum):
    """How a line ended."""

    MATCHED = "matched"  #: by itself: what it is about was found, paid in full or given back
    CREDITED = "credited"  #: an operator gave quota for it
    PAID_BACK = "paid_back"  #: an operator had the money sent back
    EXPLAINED = "explained"  #: nothing is owed; the reason says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """Something to be listed."""

    kind: Kind
    gateway: str  #: or the name of a bank's profile
    subject: str  #: the payment, notice or line it is about, by its own number
    why: str  #: what was found, in a few words; no personal data
    suggestion: str  #: what to do
    account_id: AccountId | None = None  #: None: nobody can be named
    order_id: UUID | None = None
    reference: str | None = None
    amount: int | None = None  #: whole units of `currency`
    currency: str = IDR

    @property
    def owner(self) -> AccountId:
        """Its account; where none can be named, a shard's number, always the same for the same subject."""
        if self.account_id is not None:
            return self.account_id
        return AccountId(hashlib.sha256(f"{self.gateway}|{self.subject}".encode()).digest()[0] % SHARDS)

    def show(self) -> dict[str, object]:
        """As commands print it."""
        return _shown(self)

    @property
    def name(self) -> str:
        """Its subject, as it is asked about."""
        return _name(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the list as its row says."""

    id: UUID
    account_id: AccountId
    kind: Kind
    gateway: str
    subject: str
    order_id: UUID | None
    reference: str | None
    amount: int | None
    currency: str
    why: str
    suggestion: str
    listed_at: datetime
    age_s: int

    def show(self) -> dict[str, object]:
        """As commands print it."""
        return {"id": show_id(LINE, self.id), "age_s": self.age_s, **_shown(self)}

    @property
    def name(self) -> str:
        """Its subject, as it is asked about."""
        return _name(self)


_REFUNDS: Final = frozenset({Kind.REFUND_FAILED, Kind.REFUND_OVERDUE, Kind.REFUND_CONTRADICTED})


def _name(line: Unmatched | Line) -> str:
    """A refund's number is the one its gateway knows."""
    return show_id(REFUND, UUID(line.subject)) if line.kind in _REFUNDS else line.subject


def _shown(line: Unmatched | Line) -> dict[str, object]:
    account = line.account_id
    return {
        "kind": str(line.kind),
        "gateway": line.gateway,
        "subject": line.name,
        "account": None if account is None or account < SHARDS else show_account(account),
        "order": None if line.order_id is None else show_id("ord", line.order_id),
        "reference": line.reference,
        "amount": line.amount,
        "currency": line.currency,
        "why": line.why,
        "suggestion": line.suggestion,
    }
