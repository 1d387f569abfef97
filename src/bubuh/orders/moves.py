"""An order's life. In SQL only `orders_place_n`, `orders_settle_n` and `orders_expire_n` move it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.moves import Moves, correction, flow
from bubuh.orders.model import OrderState as S

START: Final[Mapping[S, str]] = {S.PLACED: "place"}

MOVES: Final[Moves[S]] = {
    S.PLACED: {S.PAID: flow("pay"), S.EXPIRED: flow("expire"), S.CANCELLED: flow("cancel")},
    S.EXPIRED: {S.PAID: correction("pay_late")},  # a late notice still wins: the money has arrived
    S.CANCELLED: {S.PAID: correction("pay_late")},
    S.PAID: {S.FILLED: flow("fill")},
    S.FILLED: {},  # money back is an object of its own
}
