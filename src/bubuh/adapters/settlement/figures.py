"""Amounts and times as files write them. What is not plainly one thing is refused: no money is guessed."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from bubuh.adapters.gateway_calls import WIB
from bubuh.adapters.settlement.profile import FileProfile
from bubuh.payments.model import IDR

MOST_IDR: Final = 10**15  #: of one line
MOST_LETTERS: Final = 255  #: of a number or reference
_YEARS: Final = range(2000, 2100)
#: digits plain, or parted after every three; and the word that banks write for a sign (K is kredit)
_SIGNED: Final = r"(?:Rp\.?|IDR)?([+-]?)(?:Rp\.?|IDR)?"
_AMOUNT: Final = {
    ".": re.compile(_SIGNED + r"(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?(CR|DB|DR|K|D)?", re.ASCII),
    ",": re.compile(_SIGNED + r"(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d*))?(CR|DB|DR|K|D)?", re.ASCII),
}
_LEFT: Final = frozenset({"DB", "DR", "D"})


def read_rupiah(text: str, profile: FileProfile, *, may_cut: bool = False) -> int:
    """Whole rupiah, less than nothing where they left; a fraction is nought, or cut off where it `may_cut`.

    `30.000` where the point parts a fraction is neither thirty rupiah nor thirty thousand: it is refused.

    Raises:
        ValueError: it is no such amount, or above MOST_IDR.
    """
    return _rupiah(text, profile.decimal, may_cut=may_cut)


@lru_cache(maxsize=4_096)  # a file says the same few amounts again and again
def _rupiah(text: str, decimal: str, *, may_cut: bool) -> int:
    parts = _AMOUNT[decimal].fullmatch("".join(text.split()))
    fraction = (parts[3] or "") if parts is not None else ""
    if parts is None or len(fraction) == len("000") or (fraction.strip("0") and not may_cut):
        raise ValueError(f"an amount of whole rupiah, not {text[:40]!r}")
    amount_idr = bounded(int(re.sub(r"\D", "", parts[2])))
    return -amount_idr if (parts[1] == "-") != (parts[4] in _LEFT) else amount_idr


def whole_rupiah(amount: Decimal, currency: str | None, *, may_cut: bool = False) -> int:
    """The same of an amount that was read already; raises ValueError, of other money than rupiah too."""
    check_rupiah(currency or IDR)
    if not amount.is_finite() or (amount != int(amount) and not may_cut):
        raise ValueError(f"whole rupiah, not {amount}")
    return bounded(int(amount))


def check_rupiah(currency: str) -> None:
    """Raises ValueError of other money; where none is named it is rupiah."""
    if currency.strip().upper() not in {IDR, "RP", ""}:
        raise ValueError(f"rupiah, not {currency[:40]!r}")


def bounded(amount_idr: int) -> int:
    """`amount_idr`; raises ValueError of more than anybody pays."""
    if abs(amount_idr) > MOST_IDR:
        raise ValueError(f"at most {MOST_IDR} rupiah")
    return amount_idr


def read_moment(text: str, profile: FileProfile) -> datetime:
    """A time in the profile's form, Jakarta's where no zone is told.

    Raises:
        ValueError: it is none, or of another century.
    """
    form, told = profile.date_format, text.strip()
    moment = datetime.fromisoformat(told) if form == "iso" else datetime.strptime(told, form)  # noqa: DTZ007 -- its zone comes below
    if moment.year not in _YEARS:
        raise ValueError(f"a time of this century, not {told[:40]!r}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=WIB)


def read_number(text: str) -> str:
    """A reference or number, its blanks cut off; raises ValueError of one that is longer than any."""
    number = text.strip()
    if len(number) > MOST_LETTERS or not number.isprintable():
        raise ValueError(f"a number of at most {MOST_LETTERS} plain letters")
    return number


def is_own(words: str, profile: FileProfile) -> bool:
    """Whether one of the form's own words stands among `words`, whole."""
    return not set(profile.own).isdisjoint(re.findall(r"\w+", words.lower()))
