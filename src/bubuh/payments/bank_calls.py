"""What banks call at ours about the virtual accounts that we number, in one vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class BankService(StrEnum):
    """What a bank may call."""

    INQUIRY = "inquiry"  #: a payer typed the number: what is it for, and how much?
    PAYMENT = "payment"  #: the payer agreed: the bank has the money


class BankVerdict(StrEnum):
    """How a bank's call is answered. A payment that is not `done` is the bank's to give back."""

    DONE = "done"
    FORGED = "forged"  #: not signed, or without a token of ours
    UNREADABLE = "unreadable"
    CONFLICT = "conflict"  #: the number of the call stands for another one of this day
    NOT_FOUND = "not_found"
    PAID = "paid"
    EXPIRED = "expired"  #: or closed
    OTHER_AMOUNT = "other_amount"
    INCONSISTENT = "inconsistent"  #: the payment was told before, otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCall:
    """A genuine call."""

    account_no: str  #: digits, as payers type them
    day: date  #: of the bank, on which `external_no` is good for one request
    external_no: str
    request_sha256: bytes  #: of the service and the body without its blanks
    request_no: str  #: the bank's own number for the inquiry or the payment
    amount_idr: int | None  #: what a payment brings; of an inquiry, what the payer typed, if anything
    event_id: str | None  #: of a payment: what its notice is kept by


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an answer is about: the call, and what the account is for; None: no such account."""

    call: BankCall
    amount_idr: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """HTTP status and JSON."""

    status: int
    body: bytes
