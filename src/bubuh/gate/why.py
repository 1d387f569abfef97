"""What the waiting page says of a queue that is slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.waitingroom.report import Health
from bubuh.waitingroom.room_file import Why

WORDS: Final[Mapping[Why, str]] = {
    Why.PAYMENT: "Pembayaran terganggu: jalur untuk membeli melambat atau berhenti sementara, tempat Anda "
    "tetap. Jalur untuk yang sudah punya kuota berjalan terus.",
    Why.BUSY: "Layanan sedang padat.",
    Why.MAINTENANCE: "Ada perbaikan yang sedang dikerjakan.",
    Why.AWAY: "Layanan sedang terganggu. Tempat Anda tetap; tidak ada nomor yang hangus selama itu.",
}


def why_of(health: Health) -> Why | None:
    """The worst that the site tells of itself; None: it is well."""
    if health.able <= 0:
        return Why.AWAY
    if health.pays < 1:
        return Why.PAYMENT
    return None if health.able >= 1 and health.sells else Why.BUSY
