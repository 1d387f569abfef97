"""A move of a state machine: its name, and whether it is a correction.

A table of moves names every arrow there is: from a state, to a state, by a move. A correction is what a
gateway tells us after we thought a thing was over, or an operator where no gateway tells; it has a name of
its own, so that an audit can tell it from the flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One arrow, as events name it."""

    name: str
    is_correction: bool = False


Moves = Mapping[State, Mapping[State, Move]]


def flow(name: str) -> Move:
    """A move of the ordinary course."""
    return Move(name=name)


def correction(name: str) -> Move:
    """A move that a gateway forced, or an operator made."""
    return Move(name=name, is_correction=True)


def draw(moves: Moves[State], *, start: Mapping[State, str]) -> str:
    """The table as a Mermaid state diagram; `start` names the moves that make the thing."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state.value}: {name}" for state, name in start.items()]
    lines += [
        f"    {before.value} --> {after.value}: {move.name}{' (correction)' if move.is_correction else ''}"
        for before, arrows in moves.items()
        for after, move in arrows.items()
    ]
    lines += [f"    {state.value} --> [*]" for state, arrows in moves.items() if not arrows]
    return "\n".join(lines)
