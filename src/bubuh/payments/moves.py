"""An attempt's states only rise: words that come late or out of order change nothing that is known better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.moves import Moves, correction, flow
from bubuh.payments.model import AttemptState as S

START: Final[Mapping[S, str]] = {S.UNKNOWN: "open_attempt"}

#: `payments_record_n` holds its twin; a test compares them
MOVES: Final[Moves[S]] = {
    S.UNKNOWN: {S.OPEN: flow("open"), S.CLOSED: flow("close"), S.PAID: flow("pay")},
    S.OPEN: {S.CLOSED: flow("close"), S.PAID: flow("pay")},
    S.CLOSED: {S.PAID: correction("pay_late")},  # a QRIS code can be paid after its time
    S.PAID: {},
}
