"""A complaint's life. Its events bear the names of the moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.complaints.model import ComplaintState as S
from bubuh.core.moves import Moves, flow

START: Final[Mapping[S, str]] = {S.OPEN: "open"}

MOVES: Final[Moves[S]] = {
    S.OPEN: {S.ANSWERED: flow("answer"), S.WITHDRAWN: flow("forget")},
    S.ANSWERED: {},  # who is not content opens another, with what was seen by then
    S.WITHDRAWN: {},
}
