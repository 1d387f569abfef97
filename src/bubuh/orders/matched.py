"""What a run of the three-way match found: counts, and the differences that are on their way to the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.settlement import GatewayLine
from bubuh.payments.unmatched import keep_unmatched

LISTED_AT_ONCE: Final = 500
MOST_SHOWN: Final = 1_000  #: differences that a run tells one by one; all are counted, and on the list


@dataclass(slots=True)
class Matched:
    """What a run found."""

    lines: int = 0
    matched: int = 0  #: lines that fit a payment of ours, to the rupiah
    returned: int = 0  #: lines of money given back, or taken back, that fit a refund or reversal of ours
    banked: int = 0  #: payouts, and refunds sent by a bank itself, that are on the bank's statement
    differences: Counter[str] = field(default_factory=Counter)  #: by kind
    new: int = 0  #: differences that were not on the list before
    shown: list[Unmatched] = field(default_factory=list)  #: the first MOST_SHOWN differences

    @property
    def agrees(self) -> bool:
        """Whether there is no difference, new or old."""
        return not self.differences

    def facts(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "lines": self.lines,
            "matched": self.matched,
            "returned": self.returned,
            "banked": self.banked,
            "differences": dict(sorted(self.differences.items())),
            "new": self.new,
            "shown": [one.show() for one in self.shown],
        }


class Owned(Protocol):
    """Something of an order."""

    @property
    def account_id(self) -> AccountId:
        """Whose it is."""
        ...

    @property
    def order_id(self) -> UUID:
        """Its order."""
        ...


class Differences:
    """Collects differences, and puts them on the list some at a time."""

    def __init__(self, db: Database, matched: Matched) -> None:
        self._db = db
        self._matched = matched
        self._found: list[Unmatched] = []

    def add(self, difference: Unmatched) -> None:
        """One more; counted now, listed with the next."""
        self._matched.differences[str(difference.kind)] += 1
        if len(self._matched.shown) < MOST_SHOWN:
            self._matched.shown.append(difference)
        self._found.append(difference)

    def add_line(
        self, kind: Kind, line: GatewayLine, ours: Sequence[Owned], *, why: str, suggestion: str
    ) -> None:
        """A line of a gateway's file that differs from what we have by its number, if anything."""
        owner = ours[0] if ours else None
        self.add(
            Unmatched(
                kind=kind,
                gateway=line.gateway,
                subject=f"{line.reference}:{line.amount_idr}",
                why=why,
                suggestion=suggestion,
                account_id=None if owner is None else owner.account_id,
                order_id=None if owner is None else owner.order_id,
                reference=line.reference,
                amount=abs(line.amount_idr),
            )
        )

    async def flush(self, *, at_least: int = 1) -> None:
        """List what was found, when it is `at_least` so many."""
        if len(self._found) < at_least:
            return
        found, self._found = self._found, []
        for start in range(0, len(found), LISTED_AT_ONCE):
            self._matched.new += await keep_unmatched(self._db, found[start : start + LISTED_AT_ONCE])
