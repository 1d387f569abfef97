"""A hold's states. Each arrow is one SQL function; both ends are final."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class HoldState(StrEnum):
    """Whether held stamps are still aside, and where they went."""

    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"


MOVES: Final[Mapping[HoldState, frozenset[HoldState]]] = {
    HoldState.HELD: frozenset({HoldState.CAPTURED, HoldState.RELEASED}),
    HoldState.CAPTURED: frozenset(),  # money back for used stamps does not exist
    HoldState.RELEASED: frozenset(),  # what was given back is held anew, under a new id
}
