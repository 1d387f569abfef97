"""Where a stamp may go. The saga's SQL functions name the state they expect; a test holds them to this."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class StampState(StrEnum):
    """Diterima, Diproses, Berhasil, Refund."""

    ACCEPTED = "accepted"
    PROCESSING = "processing"
    AFFIXED = "affixed"
    RETURNED = "returned"


S = StampState

MOVES: Final[Mapping[StampState, frozenset[StampState]]] = {
    S.ACCEPTED: frozenset({S.PROCESSING, S.RETURNED}),
    S.PROCESSING: frozenset({S.AFFIXED, S.RETURNED}),  # returned only before a seal exists
    S.AFFIXED: frozenset(),
    S.RETURNED: frozenset(),
}


class ReturnReason(StrEnum):
    """Why a quota came back; `edge` has the words. A refusal of the document keeps its own code."""

    CANCELLED = "cancelled_by_owner"
    WAITED_TOO_LONG = "waited_too_long"
    WORKER_DIED = "worker_died_repeatedly"
    ORIGINAL_LOST = "original_unreadable"
