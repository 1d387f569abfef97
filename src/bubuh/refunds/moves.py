"""A refund's life. In SQL only the functions of its migration move it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.moves import Moves, correction, flow
from bubuh.refunds.model import RefundState as S

START: Final[Mapping[S, str]] = {
    S.WAITING: "ask_above_limit",
    S.ASKED: "ask, return_surplus",
    S.DONE: "reverse",  # a bank took the money already
}

#: a gateway that tells the other end afterwards changes nothing: it is for people, on the unmatched list
MOVES: Final[Moves[S]] = {
    S.WAITING: {S.ASKED: flow("approve"), S.DECLINED: flow("decline")},
    S.ASKED: {S.UNKNOWN: flow("send")},  # committed before the gateway hears of it
    S.UNKNOWN: {S.PENDING: flow("accept"), S.DONE: flow("pay_back"), S.FAILED: flow("fail")},
    S.PENDING: {S.DONE: flow("pay_back"), S.FAILED: flow("fail")},
    S.DONE: {},
    S.FAILED: {},
    S.DECLINED: {},
}

#: what operators say of a refund that is overdue, in place of a gateway that says nothing (`end.py`)
BY_HAND: Final[Moves[S]] = {
    before: {S.DONE: correction("confirm_by_hand"), S.FAILED: correction("give_up")}
    for before in (S.ASKED, S.UNKNOWN, S.PENDING)
}
