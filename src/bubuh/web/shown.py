"""How figures are written on pages: moments in western Indonesian time, rupiah, sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from bubuh.core.ids import show_account, show_id

JAKARTA: Final = ZoneInfo("Asia/Jakarta")


def moment(at: datetime) -> str:
    """A time as Indonesians write it: 22-11-2026 14.05.09 WIB."""
    return at.astimezone(JAKARTA).strftime("%d-%m-%Y %H.%M.%S WIB")


def rupiah(amount_idr: int) -> str:
    """Rp30.000."""
    return f"Rp{amount_idr:,}".replace(",", ".")


def size(count_bytes: int) -> str:
    """A file's size: 812 KB, 1,2 MB."""
    if count_bytes < 1_000_000:
        return f"{max(1, round(count_bytes / 1000))} KB"
    return f"{count_bytes / 1_000_000:.1f} MB".replace(".", ",")


SHOWN: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {"moment": moment, "rupiah": rupiah, "size": size, "show_id": show_id, "show_account": show_account}
)
