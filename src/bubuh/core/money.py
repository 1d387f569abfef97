"""Rupiah are whole numbers; a stamp has one price."""

from __future__ import annotations

from typing import Final

STAMP_PRICE_IDR: Final = 10_000  #: Law 10 of 2020 on stamp duty, article 5


def price_idr(stamps: int) -> int:
    """What `stamps` cost, in rupiah."""
    return stamps * STAMP_PRICE_IDR
