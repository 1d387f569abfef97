"""How figures are written for people, alike in both languages: moments in western Indonesian time, rupiah."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

JAKARTA: Final = ZoneInfo("Asia/Jakarta")


def moment(at: datetime) -> str:
    """A time as Indonesians write it: 22-11-2026 14.05.09 WIB."""
    at = at.astimezone(JAKARTA)
    return f"{at.day:02}-{at.month:02}-{at.year} {at.hour:02}.{at.minute:02}.{at.second:02} WIB"


def rupiah(amount_idr: int) -> str:
    """Rp30.000."""
    return f"Rp{amount_idr:,}".replace(",", ".")
