"""What is said of orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.problems.quota import STAMPS_OUT_OF_RANGE
from bubuh.edge.words import Words
from bubuh.orders import refusals as orders

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    orders.StampsOutOfRange: STAMPS_OUT_OF_RANGE,
    orders.NoQrisCode: Problem(
        status=409,
        title=Words("Pesanan ini tidak punya kode QRIS", "The order has no QRIS code"),
        detail=Words(
            "Pesanan ini dibayar dengan cara lain, atau kodenya belum kami terima. Coba lagi sebentar lagi.",
            "The order is paid in another way, or its code has not reached us yet. Try again shortly.",
        ),
    ),
    orders.OneOrder: Problem(
        status=409,
        title=Words("Masih ada pesanan yang belum dibayar", "An order is still to be paid"),
        detail=Words(
            "Selama ada antrean, satu akun membayar satu pesanan dahulu. Bayar pesanan yang terbuka (lihat "
            "riwayat), atau tunggu sampai berakhir.",
            "While there is a queue, an account pays one order before the next. Pay the open one (see the "
            "history), or wait until it ends.",
        ),
    ),
    orders.OrderUnknown: NOT_FOUND,
}
