"""An outage, what is said of it, and the record that is signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.core.ids import show_id
from bubuh.statements.model import Facts

MOST_LETTERS: Final = 1_000  #: of one text in one language


class Function(StrEnum):
    """What people do here; an outage names those that fail."""

    BUY = "buy"
    PAY = "pay"
    STAMP = "stamp"
    VERIFY = "verify"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an operator says, in both languages."""

    indonesian: str
    english: str
    next_update_at: datetime | None  #: when there will be more; None: with the end, or not promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One act of an operator, by an id of its own: whatever is lost on the way, it is done once.

    The id of an outage is that of its first word.
    """

    id: UUID
    said: Said
    said_at: datetime | None = None  #: None: when it is written down; else it was kept until it could be


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What was said of an outage, and when."""

    no: int
    said: Said
    actor: str
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One outage and all that was said of it, oldest first."""

    id: UUID
    functions: frozenset[Function]
    began_at: datetime
    ended_at: datetime | None
    updates: Sequence[Update]

    @property
    def is_over(self) -> bool:
        """Whether an operator has closed it."""
        return self.ended_at is not None

    def is_overdue(self, now: datetime) -> bool:
        """Whether more was promised by now than was said."""
        promised = self.updates[-1].said.next_update_at
        return not self.is_over and promised is not None and promised < now


class OutageRecord(Facts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed of an outage, as far as it was known at `stated_at`."""

    functions: list[Function]  #: in the order of their names
    began_at: datetime
    ended_at: datetime | None  #: None: it went on at `stated_at`
    stated_at: datetime


def record_of(outage: Outage, *, issuer: str) -> OutageRecord:
    """The record of `outage` with all that was said of it so far."""
    newest = outage.updates[-1]
    return OutageRecord(
        issuer=issuer,
        subject=show_id("out", outage.id),
        no=newest.no,
        functions=sorted(outage.functions),
        began_at=outage.began_at,
        ended_at=outage.ended_at,
        stated_at=newest.written_at,
    )


def facts_of(each: Outage) -> dict[str, object]:
    """An outage as programs read it."""
    return {
        "id": show_id("out", each.id),
        "functions": sorted(each.functions),
        "began_at": each.began_at,
        "ended_at": each.ended_at,
        "updates": [
            {
                "no": update.no,
                "id": update.said.indonesian,
                "en": update.said.english,
                "next_update_at": update.said.next_update_at,
                "written_at": update.written_at,
            }
            for update in each.updates
        ],
    }
