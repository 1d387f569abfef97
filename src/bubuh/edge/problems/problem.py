"""How a refusal is told, and the problems that belong to no slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bubuh.edge.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """How a refusal is told: status, title, what happened and what to do."""

    status: int
    title: Words
    detail: Words
    facts: tuple[str, ...] = ()  #: details of the refusal that its reader may see, also as `{name}` in words


NOT_FOUND: Final = Problem(
    status=404,
    title=Words("Tidak ditemukan", "Not found"),
    detail=Words(
        "Alamat atau nomor ini tidak ada, atau bukan milik Anda. Periksa kembali penulisannya.",
        "There is nothing at this address, or it is not yours. Check how it is written.",
    ),
)
REFUSED: Final = Problem(
    status=409,
    title=Words("Permintaan ditolak", "Refused"),
    detail=Words(
        "Permintaan ini tidak dapat dijalankan pada keadaan sekarang.",
        "This request cannot be carried out as things are.",
    ),
)
UNEXPECTED: Final = Problem(
    status=500,
    title=Words("Terjadi kesalahan di pihak kami", "Something went wrong on our side"),
    detail=Words(
        "Kesalahan ini tercatat. Coba lagi dengan Idempotency-Key yang sama; sebutkan request_id "
        "bila melapor.",
        "The error is recorded. Try again with the same Idempotency-Key; name the request_id "
        "when you report it.",
    ),
)
UNAVAILABLE: Final = Problem(
    status=503,
    title=Words("Layanan sedang tidak tersedia", "Temporarily unavailable"),
    detail=Words(
        "Sebagian layanan sedang terganggu. Yang sudah diterima tidak hilang. Coba lagi sebentar lagi "
        "dengan Idempotency-Key yang sama.",
        "Part of the service is disturbed. What was accepted is not lost. Try again shortly with the same "
        "Idempotency-Key.",
    ),
)
