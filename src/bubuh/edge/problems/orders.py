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
    orders.OrderUnknown: NOT_FOUND,
}
