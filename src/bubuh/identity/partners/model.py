"""A partner of whom the public learns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bubuh.core.ids import AccountId

MOST_SHOWN: Final = 32  #: at once; the database holds it too
MOST_LETTERS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPartner:
    """An account that the status page tells of."""

    slot: int  #: 1 to MOST_SHOWN: what metrics know it by; it may be another's later
    account_id: AccountId
    name: str
    shown_at: datetime
