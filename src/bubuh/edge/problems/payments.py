"""What is said of payments, notices, settlement files and the unmatched list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.payments import refusals as payments, settlement

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    payments.GatewayUnknown: NOT_FOUND,
    payments.MethodUnknown: Problem(
        status=422,
        title=Words("Cara bayar belum tersedia", "This way to pay is not offered"),
        detail=Words("Pilih cara bayar yang lain.", "Choose another way to pay."),
    ),
    payments.LineUnknown: NOT_FOUND,
    payments.LineResolved: Problem(
        status=409,
        title=Words("Baris sudah diselesaikan", "The line is resolved already"),
        detail=Words("Baris ini sudah diselesaikan sebelumnya.", "This line was resolved before."),
    ),
    payments.ResolutionUnexplained: Problem(
        status=422,
        title=Words("Alasan belum disebutkan", "A reason is missing"),
        detail=Words(
            "Sebutkan alasannya, paling banyak {most} huruf.", "Say why, in at most {most} letters."
        ),
        facts=("most",),
    ),
    payments.NoticeForged: Problem(
        status=401,
        title=Words("Notifikasi tidak sah", "The notice is not genuine"),
        detail=Words("Tanda tangan notifikasi tidak cocok.", "The notice's signature does not fit."),
    ),
    payments.NoticeTooLarge: Problem(
        status=413,
        title=Words("Notifikasi terlalu besar", "The notice is too large"),
        detail=Words("Paling besar {most_bytes} bita.", "At most {most_bytes} bytes."),
        facts=("most_bytes",),
    ),
    settlement.SettlementUnreadable: Problem(
        status=422,
        title=Words("Berkas tidak dapat dibaca", "The file cannot be read"),
        detail=Words(
            "Baris {line} dari {file} tidak dapat dibaca; yang diharapkan: {expected}.",
            "Line {line} of {file} cannot be read; expected: {expected}.",
        ),
        facts=("file", "line", "expected"),
    ),
    settlement.SettlementTooLong: Problem(
        status=422,
        title=Words("Berkas terlalu panjang", "The files are too long"),
        detail=Words(
            "Sebanyaknya {most} baris sekali jalan; cocokkan lebih sedikit berkas sekaligus.",
            "At most {most} lines at a time; match fewer files at once.",
        ),
        facts=("most",),
    ),
}
