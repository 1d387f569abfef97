"""An attempt's states only rise: words that come late or out of order change nothing that is known better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.payments.model import AttemptState as S

#: `payments_record_n` holds its twin; a test compares them
MOVES: Final[Mapping[S, frozenset[S]]] = {
    S.UNKNOWN: frozenset({S.OPEN, S.CLOSED, S.PAID}),
    S.OPEN: frozenset({S.CLOSED, S.PAID}),
    S.CLOSED: frozenset({S.PAID}),  # a QRIS code can be paid after its time
    S.PAID: frozenset(),
}
