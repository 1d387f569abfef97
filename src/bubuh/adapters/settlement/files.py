"""Settlement files by their forms. Which form a file has is told by its head."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bubuh.adapters.settlement.csv_file import CsvFile, names_of
from bubuh.adapters.settlement.mt940_file import Mt940File, is_mt940
from bubuh.adapters.settlement.profile import Columns, FileProfile
from bubuh.payments.settlement import SettlementFile, SettlementUnreadable

_HEAD_BYTES: Final = 65_536


def open_settlement(path: Path, profiles: Sequence[FileProfile]) -> SettlementFile:
    """The file at `path` by the first profile that fits it; raises `SettlementUnreadable`."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise SettlementUnreadable(file=path.name, line=1, expected=f"a file: {error.strerror}") from error
    for profile in profiles:
        if profile.form == "mt940" and is_mt940(head):
            return Mt940File(path, profile)
        if profile.columns is not None and _has_columns(head, profile, profile.columns):
            return CsvFile(path, profile, profile.columns)
    known = ", ".join(sorted(profile.name for profile in profiles))
    raise SettlementUnreadable(file=path.name, line=1, expected=f"a file of one of these forms: {known}")


def _has_columns(head: bytes, profile: FileProfile, columns: Columns) -> bool:
    lines = head.decode(profile.encoding, "ignore").splitlines()
    first = next((line for line in lines if line.strip()), "")
    return columns.all() <= {
        name for row in csv.reader([first], delimiter=profile.delimiter) for name in names_of(row)
    }
