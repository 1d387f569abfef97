"""Where a document may go. Every UPDATE in `queries.sql` names the state it expects."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class DocumentState(StrEnum):
    """How far a document is."""

    RECEIVING = "receiving"  #: its bytes arrived whole once; the same request completes it
    READY = "ready"
    REFUSED = "refused"  #: with a reason, and no bytes kept
    DESTROYED = "destroyed"  #: its key is gone, and with it its bytes and its name


S = DocumentState

MOVES: Final[Mapping[DocumentState, frozenset[DocumentState]]] = {
    S.RECEIVING: frozenset({S.READY, S.REFUSED, S.DESTROYED}),
    S.READY: frozenset({S.DESTROYED}),
    S.REFUSED: frozenset(),
    S.DESTROYED: frozenset(),
}
