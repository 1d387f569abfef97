"""What settlement files say, whatever their format: lines of a gateway, and lines of a bank. Rupiah only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bubuh.core.errors import Refusal


class SettlementUnreadable(Refusal):
    """A file is of no known form, or a line of it cannot be read; nothing of the run is kept."""

    code = "settlement_unreadable"

    def __init__(self, *, file: str, line: int, expected: str) -> None:
        super().__init__(file=file, line=line, expected=expected)


class SettlementTooLong(Refusal):
    """There are more lines than one run takes: match fewer files at a time."""

    code = "settlement_too_long"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLine:
    """Money of one payment, as its gateway settles it."""

    gateway: str
    reference: str  #: ours, as the gateway was given it; of money given back also the number of our refund
    amount_idr: int  #: what the payer paid; negative: given back
    net_idr: int  #: what is left of it for us
    paid_at: datetime
    payout: str  #: by which of the gateway's payments to us it comes


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """Money on our account at a bank."""

    bank: str  #: name of the profile
    amount_idr: int  #: negative: it left
    booked_on: date
    words: str  #: what the bank wrote beside it
    number: str  #: the bank's own, or the line's place in its file
    is_own: bool = False  #: the account's own business, such as fees and interest, by its words


Line = GatewayLine | BankLine


class SettlementFile(Protocol):
    """A file of a known form; reading it twice tells the same."""

    @property
    def name(self) -> str:
        """The file's name."""
        ...

    def lines(self) -> Iterator[Line]:
        """Line by line, however long it is; raises `SettlementUnreadable`."""
        ...
