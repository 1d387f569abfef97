"""A settlement file or statement as CSV (RFC 4180), by a profile's names of columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
                    line = self._line(_cells(head, row), number)
                    if line is not None:
                        yield line
        except (ValueError, csv.Error) as error:
            raise SettlementUnreadable(file=self.name, line=number, expected=str(error)) from error

    def _head(self, row: Sequence[str]) -> list[str]:
        head = names_of(row)
        doubled = [name for name in sorted(self.columns.all()) if head.count(name) != 1]
        if doubled:
            raise ValueError(f"one column {doubled[0]!r}")
        return head

    def _line(self, row: Mapping[str, str], number: int) -> Line | None:
        """None: a line without money in it, such as one that expired."""
        columns, profile = self.columns, self.profile
        status, kind = _cell(row, columns.status), _cell(row, columns.kind)
        if profile.paid and status not in {*profile.paid, *profile.returned}:
            return None
        if profile.paid_kinds and kind not in {*profile.paid_kinds, *profile.returned_kinds}:
            return None
        if columns.currency in row:
            check_rupiah(_cell(row, columns.currency))
        paid_at = read_moment(row[columns.paid_at], profile)
        if profile.side == "bank":
            words = _cell(row, columns.words)
            own = is_own(words, profile)
            return BankLine(
                bank=profile.name,
                amount_idr=self._moved(row, may_cut=own),
                booked_on=paid_at.date(),
                words=words,
                number=read_number(_cell(row, columns.number)) or f"{self.name}:{number}",
                is_own=own,
            )
        amount = read_rupiah(row[columns.amount], profile)
        if status in profile.returned or kind in profile.returned_kinds:
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
