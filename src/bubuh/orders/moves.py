"""An order's life. In SQL only `orders_place`, `orders_settle_n` and `orders_expire_n` move it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.orders.model import OrderState as S

MOVES: Final[Mapping[S, frozenset[S]]] = {
    S.PLACED: frozenset({S.PAID, S.EXPIRED, S.CANCELLED}),
    S.EXPIRED: frozenset({S.PAID}),  # a late notice still wins: the money has arrived
    S.CANCELLED: frozenset({S.PAID}),
    S.PAID: frozenset({S.FILLED}),
    S.FILLED: frozenset(),  # money back is an object of its own
}
