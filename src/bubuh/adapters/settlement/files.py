"""Settlement files read line by line. Which form a file has is told by its head."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

import mt940

from bubuh.adapters.gateway_calls import WIB
from bubuh.adapters.settlement.profile import Columns, FileProfile
from bubuh.payments.settlement import BankLine, GatewayLine, Line, SettlementFile, SettlementUnreadable

MOST_STATEMENT_BYTES: Final = 64 * 2**20  #: of MT940, which is read whole
_MOST_FIELD: Final = 100_000
_HEAD_BYTES: Final = 65_536


def open_settlement(path: Path, profiles: Sequence[FileProfile]) -> SettlementFile:
    """The file at `path` by the first profile that fits it; raises `SettlementUnreadable`, OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for profile in profiles:
        if profile.form == "mt940" and _is_mt940(head):
            return _Mt940File(path, profile)
        if profile.columns is not None and _has_columns(head, profile, profile.columns):
            return _CsvFile(path, profile, profile.columns)
    known = ", ".join(sorted(profile.name for profile in profiles))
    raise SettlementUnreadable(file=path.name, line=1, expected=f"a file of one of these forms: {known}")


@dataclass(frozen=True, slots=True)
class _CsvFile:
    path: Path
    profile: FileProfile
    columns: Columns

    @property
    def name(self) -> str:
        return self.path.name

    def lines(self) -> Iterator[Line]:
        """See `SettlementFile.lines`."""
        csv.field_size_limit(_MOST_FIELD)
        number = 1
        try:
            with self.path.open(encoding=self.profile.encoding, newline="") as file:
                for number, row in enumerate(csv.DictReader(file, delimiter=self.profile.delimiter), start=2):
                    line = self._line(row, number)
                    if line is not None:
                        yield line
        except (ValueError, KeyError, csv.Error) as error:
            raise SettlementUnreadable(file=self.name, line=number, expected=str(error)) from error

    def _line(self, row: Mapping[str, str], number: int) -> Line | None:
        """None: a line without money in it, such as one that expired."""
        columns, profile = self.columns, self.profile
        amount = self._rupiah(row[columns.amount])
        status = row[columns.status].strip() if columns.status else ""
        kind = row[columns.kind].strip() if columns.kind else ""
        if profile.paid and status not in {*profile.paid, *profile.returned}:
            return None
        if profile.paid_kinds and kind not in {*profile.paid_kinds, *profile.returned_kinds}:
            return None
        paid_at = self._when(row[columns.paid_at])
        if profile.side == "bank":
            words = row[columns.words].strip() if columns.words else ""
            return BankLine(
                bank=profile.name,
                amount_idr=amount,
                booked_on=paid_at.date(),
                words=words,
                number=(row[columns.number].strip() if columns.number else "") or f"{self.name}:{number}",
                is_own=_is_own(words, profile),
            )
        assert columns.reference is not None, "checked with the profile"
        if status in profile.returned or kind in profile.returned_kinds:
            amount = -abs(amount)  # some write it with a sign, some do not
        return GatewayLine(
            gateway=profile.name,
            reference=row[columns.reference].strip(),
            amount_idr=amount,
            net_idr=self._rupiah(row[columns.net]) if columns.net else amount,
            paid_at=paid_at,
            payout=(row[columns.payout].strip() if columns.payout else "") or paid_at.date().isoformat(),
        )

    def _rupiah(self, text: str) -> int:
        """Whole rupiah; a fraction is nought or the file is not ours to read."""
        thousands = "." if self.profile.decimal == "," else ","
        plain = text.strip().removeprefix("Rp").replace(thousands, "").replace(" ", "")
        whole, _, fraction = plain.partition(self.profile.decimal)
        if fraction.strip("0"):
            raise ValueError(f"whole rupiah, not {text[:40]!r}")
        return int(whole)

    def _when(self, text: str) -> datetime:
        form = self.profile.date_format
        moment = (
            datetime.fromisoformat(text.strip()) if form == "iso" else datetime.strptime(text.strip(), form)  # noqa: DTZ007 -- its zone comes below
        )
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=WIB)


@dataclass(frozen=True, slots=True)
class _Mt940File:
    path: Path
    profile: FileProfile

    @property
    def name(self) -> str:
        return self.path.name

    def lines(self) -> Iterator[Line]:
        """See `SettlementFile.lines`."""
        if self.path.stat().st_size > MOST_STATEMENT_BYTES:
            raise SettlementUnreadable(
                file=self.name, line=1, expected=f"a statement of at most {MOST_STATEMENT_BYTES} bytes"
            )
        number = 0
        try:
            for number, booked in enumerate(mt940.parse(str(self.path), encoding="utf-8"), start=1):
                yield self._line(booked.data, number)
        except (ValueError, KeyError, AttributeError, RuntimeError, TypeError) as error:
            raise SettlementUnreadable(file=self.name, line=max(number, 1), expected=str(error)) from error

    def _line(self, told: Mapping[str, object], number: int) -> BankLine:
        amount, booked_on = told["amount"], told["date"]
        assert isinstance(amount, mt940.models.Amount), "the library's own"
        assert isinstance(booked_on, date), "the library's own"
        if amount.currency not in {None, "IDR"} or amount.amount != int(amount.amount):
            raise ValueError(f"whole rupiah, not {amount}")
        words = " ".join(
            str(told[name])
            for name in ("customer_reference", "bank_reference", "transaction_details", "extra_details")
            if told.get(name)
        )
        return BankLine(
            bank=self.profile.name,
            amount_idr=int(amount.amount),
            booked_on=date(booked_on.year, booked_on.month, booked_on.day),
            words=" ".join(words.split()),
            number=f"{self.name}:{number}",
            is_own=_is_own(words, self.profile),
        )


def _is_own(words: str, profile: FileProfile) -> bool:
    """Whether one of the form's own words stands among `words`, whole."""
    return not set(profile.own).isdisjoint(re.findall(r"\w+", words.lower()))


def _is_mt940(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \r\n")
    return text.startswith((b"{1:", b":20:", b":940:")) and b":60" in head


def _has_columns(head: bytes, profile: FileProfile, columns: Columns) -> bool:
    try:
        first = head.decode(profile.encoding, "ignore").splitlines()[0]
    except IndexError:
        return False
    return columns.all() <= set(next(csv.reader([first], delimiter=profile.delimiter)))
