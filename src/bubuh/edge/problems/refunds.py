"""What is said of money that goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.refunds import refusals as refunds

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    refunds.RefundUnknown: NOT_FOUND,
    refunds.RefundUnexplained: Problem(
        status=422,
        title=Words("Alasan belum disebutkan", "A reason is missing"),
        detail=Words(
            "Sebutkan alasannya, paling banyak {most} huruf.", "Say why, in at most {most} letters."
        ),
        facts=("most",),
    ),
    refunds.OrderNotFilled: Problem(
        status=409,
        title=Words("Pesanan belum terisi", "The order gave no stamps"),
        detail=Words(
            "Tidak ada meterai yang dapat dikembalikan. Uang yang masuk kembali dengan sendirinya.",
            "There is nothing to give back. Money that came for it goes back by itself.",
        ),
    ),
    refunds.RefundableMoved: Problem(
        status=409,
        title=Words("Sisa yang dapat dikembalikan sudah berubah", "What may go back has changed"),
        detail=Words(
            "Yang masih dapat dikembalikan Rp{refundable_idr}. Lihat pesanan, lalu ulangi.",
            "Rp{refundable_idr} may still go back. Look at the order, and repeat with that amount.",
        ),
        facts=("refundable_idr",),
    ),
    refunds.RefundTooLarge: Problem(
        status=422,
        title=Words("Pengembalian terlalu besar", "The refund is too large"),
        detail=Words(
            "Sekali minta paling banyak Rp{most_idr}: uang kembali ke pembayaran asalnya.",
            "At most Rp{most_idr} at once: money goes back to the payment that it came by.",
        ),
        facts=("most_idr",),
    ),
    refunds.SamePerson: Problem(
        status=409,
        title=Words("Perlu orang kedua", "A second person is needed"),
        detail=Words(
            "Pengembalian di atas batas disetujui oleh orang lain.",
            "A refund above the limit is agreed to by somebody else.",
        ),
    ),
    refunds.RefundNotWaiting: Problem(
        status=409,
        title=Words("Pengembalian tidak menunggu persetujuan", "The refund waits for nobody"),
        detail=Words(
            "Keputusan sudah diambil, atau tidak diperlukan.", "It was decided, or needs no consent."
        ),
    ),
    refunds.RefundNotOverdue: Problem(
        status=409,
        title=Words("Pengembalian tidak terlambat", "The refund is not overdue"),
        detail=Words(
            "Penyedia pembayarannya masih ditanya, atau akhirnya sudah diketahui.",
            "Its gateway is still being asked, or its end is known.",
        ),
    ),
}
