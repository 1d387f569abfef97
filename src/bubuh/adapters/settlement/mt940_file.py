"""A bank's statement by SWIFT MT940."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import mt940

from bubuh.adapters.settlement.figures import is_own, whole_rupiah
from bubuh.adapters.settlement.profile import FileProfile
from bubuh.payments.settlement import BankLine, Line, SettlementUnreadable

MOST_STATEMENT_BYTES: Final = 64 * 2**20  #: it is read whole
_BOOKED: Final = re.compile(r"^:61:", re.MULTILINE)
#: what of a line is no word of the bank's about it; the reference of all the statement is not one either
_NO_WORDS: Final = frozenset(
    {"currency", "status", "funds_code", "id", "year", "month", "day", "entry_month", "entry_day"}
    | {"transaction_reference"}
)


@dataclass(frozen=True, slots=True)
class Mt940File:
    """See `SettlementFile`. Signs are as SWIFT has them: a reversed credit (RC) is money that left."""

    path: Path
    profile: FileProfile

    @property
    def name(self) -> str:
        """See `SettlementFile.name`."""
        return self.path.name

    def lines(self) -> Iterator[Line]:
        """See `SettlementFile.lines`. A line that cannot be read is told by its number among those booked."""
        if self.path.stat().st_size > MOST_STATEMENT_BYTES:
            raise SettlementUnreadable(
                file=self.name, line=1, expected=f"a statement of at most {MOST_STATEMENT_BYTES} bytes"
            )
        number = 1
        try:
            for number, told in enumerate(_booked(_text(self.path.read_bytes())), start=1):
                yield self._line(told, number)
        except (ValueError, ArithmeticError, KeyError, AttributeError, RuntimeError, TypeError) as error:
            raise SettlementUnreadable(file=self.name, line=number, expected=f"MT940: {error}") from error

    def _line(self, told: Mapping[str, object], number: int) -> BankLine:
        amount, booked_on = told["amount"], told["date"]
        assert isinstance(amount, mt940.models.Amount), "the library's own"
        assert isinstance(booked_on, date), "the library's own"
        texts = [text for name, text in told.items() if name not in _NO_WORDS and isinstance(text, str)]
        words = " ".join(" ".join(texts).split())
        own = is_own(words, self.profile)
        return BankLine(
            bank=self.profile.name,
            amount_idr=whole_rupiah(amount.amount, amount.currency, may_cut=own),
            booked_on=date(booked_on.year, booked_on.month, booked_on.day),
            words=words,
            number=f"{self.name}:{number}",
            is_own=own,
        )


def is_mt940(head: bytes) -> bool:
    """Whether a file that begins so is one."""
    text = head.lstrip(b"\xef\xbb\xbf \r\n")
    return text.startswith((b"{1:", b":20:", b":940:")) and b":60" in head


def _text(raw: bytes) -> str:
    """Old banks write letters that are no UTF-8; the signs that matter here are ASCII in all of them."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _booked(text: str) -> Sequence[Mapping[str, object]]:
    """Every line that the statements in `text` book, each statement with the currency of its own balance.

    Raises:
        ValueError: the library found another number of lines than there are; a line of no type is written
            over by the next one.
    """
    statements = mt940.parse_statements(text, options=mt940.Options.all())
    booked = [one.data for statement in statements for one in statement if "amount" in one.data]
    lines = len(_BOOKED.findall(text))
    if not statements or len(booked) != lines:
        raise ValueError(f"{lines} booked lines that can all be told apart, not {len(booked)}")
    return booked
