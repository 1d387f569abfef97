"""A settlement file or statement as CSV (RFC 4180), by a profile's names of columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bubuh.adapters.settlement.figures import check_rupiah, is_own, read_moment, read_number, read_rupiah
from bubuh.adapters.settlement.profile import Columns, FileProfile
from bubuh.payments.settlement import BankLine, GatewayLine, Line, SettlementUnreadable

_MOST_FIELD: Final = 100_000


@dataclass(frozen=True, slots=True)
class CsvFile:
    """See `SettlementFile`. A row of another length than its head, or a quote that never ends, is refused."""

    path: Path
    profile: FileProfile
    columns: Columns

    @property
    def name(self) -> str:
        """See `SettlementFile.name`."""
        return self.path.name

    def lines(self) -> Iterator[Line]:
        """See `SettlementFile.lines`."""
        csv.field_size_limit(_MOST_FIELD)
        number = 1
        try:
            with self.path.open(encoding=self.profile.encoding, newline="") as file:
                rows = csv.reader(file, delimiter=self.profile.delimiter, strict=True)
                head: list[str] | None = None
                for row in rows:
                    number = rows.line_num
                    if not any(cell.strip() for cell in row):
                        continue
                    if head is None:
                        head = self._head(row)
                        continue
                    yield from self._lines(_cells(head, row), number)
        except (ValueError, csv.Error) as error:
            raise SettlementUnreadable(file=self.name, line=number, expected=str(error)) from error

    def _head(self, row: Sequence[str]) -> list[str]:
        head = names_of(row)
        doubled = [name for name in sorted(self.columns.all()) if head.count(name) != 1]
        if doubled:
            raise ValueError(f"one column {doubled[0]!r}")
        return head

    def _lines(self, row: Mapping[str, str], number: int) -> Iterator[Line]:
        """None of a row without money in it, such as one that expired; two where it came and went back."""
        if not self._has_money(row):
            return
        if self.columns.currency in row:
            check_rupiah(_cell(row, self.columns.currency))
        if self.profile.side == "bank":
            yield self._bank_line(row, number)
            return
        line = self._gateway_line(row)
        if _cell(row, self.columns.status) in self.profile.voided:
            line = replace(line, amount_idr=abs(line.amount_idr), net_idr=0)  # part of no payout
            yield replace(line, amount_idr=-line.amount_idr)
        yield line

    def _has_money(self, row: Mapping[str, str]) -> bool:
        profile = self.profile
        statuses = {*profile.paid, *profile.returned, *profile.voided}
        kinds = {*profile.paid_kinds, *profile.returned_kinds}
        is_moved = not profile.paid or _cell(row, self.columns.status) in statuses
        return is_moved and (not profile.paid_kinds or _cell(row, self.columns.kind) in kinds)

    def _bank_line(self, row: Mapping[str, str], number: int) -> BankLine:
        words = _cell(row, self.columns.words)
        own = is_own(words, self.profile)
        return BankLine(
            bank=self.profile.name,
            amount_idr=self._moved(row, may_cut=own),
            booked_on=read_moment(row[self.columns.paid_at], self.profile).date(),
            words=words,
            number=read_number(_cell(row, self.columns.number)) or f"{self.name}:{number}",
            is_own=own,
        )

    def _gateway_line(self, row: Mapping[str, str]) -> GatewayLine:
        columns, profile = self.columns, self.profile
        amount = read_rupiah(row[columns.amount], profile)
        paid_at = read_moment(row[columns.paid_at], profile)
        is_back = _cell(row, columns.status) in profile.returned
        if is_back or _cell(row, columns.kind) in profile.returned_kinds:
            amount = -abs(amount)  # some write it with a sign, some do not
        return GatewayLine(
            gateway=profile.name,
            reference=read_number(_cell(row, columns.reference)),
            amount_idr=amount,
            net_idr=read_rupiah(row[columns.net], profile) if columns.net else amount,
            paid_at=paid_at,
            payout=read_number(_cell(row, columns.payout)) or paid_at.date().isoformat(),
        )

    def _moved(self, row: Mapping[str, str], *, may_cut: bool) -> int:
        """What came, or left; where a bank has a column for each, one of the two is empty or nought."""
        came, left = row[self.columns.amount], _cell(row, self.columns.debit)
        if self.columns.debit is None:
            return read_rupiah(came, self.profile, may_cut=may_cut)
        came_idr, left_idr = (
            read_rupiah(text, self.profile, may_cut=may_cut) if text.strip(" -") else 0
            for text in (came, left)
        )
        if came_idr and left_idr:
            raise ValueError("money that came or that left, not both")
        return came_idr - abs(left_idr)


def names_of(row: Sequence[str]) -> list[str]:
    """Names of columns, without blanks around them or a byte order mark."""
    return [name.removeprefix("\ufeff").strip() for name in row]


def _cells(head: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """The row by its head; delimiters that end a row and part nothing are passed over."""
    if len(row) < len(head) or any(row[len(head) :]):
        raise ValueError(f"{len(head)} fields, not {len(row)}")
    if "\0" in "".join(row):
        raise ValueError("text without noughts (NUL) in it")
    return dict(zip(head, row, strict=False))


def _cell(row: Mapping[str, str], name: str | None) -> str:
    """The cell of a column that a form may do without."""
    return row[name].strip() if name is not None else ""
