"""States move forward along one table; nothing else assigns a state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from bubuh.core.errors import Refusal

State = TypeVar("State", bound=StrEnum)


class IllegalMove(Refusal):
    """The subject is not in a state from which it may move so."""

    code = "illegal_move"


def check_move(moves: Mapping[State, frozenset[State]], *, now: State, then: State) -> None:
    """Pass when `moves` has an arrow from `now` to `then`; else raise `IllegalMove`."""
    if then not in moves[now]:
        raise IllegalMove(state=str(now), wanted=str(then))
