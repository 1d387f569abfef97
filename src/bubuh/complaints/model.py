"""What a complaint is about, what the machine found, and the complaint itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bubuh.complaints.refusals import ComplaintUnexplained
from bubuh.core.ids import AccountId, MalformedId, read_id, show_id

COMPLAINT: Final = "cmp"  #: prefix of a complaint's number
MOST_LETTERS: Final = 1_000  #: of what is told, and of an answer
ANSWER_WITHIN_S: Final = 86_400.0  #: promised
MOST_OPEN: Final = 20  #: of one account


class SubjectKind(StrEnum):
    """What a complaint may be about."""

    STAMP = "stamp"
    ORDER = "order"
    REFUND = "refund"


PREFIXES: Final[Mapping[SubjectKind, str]] = {
    SubjectKind.STAMP: "stm",
    SubjectKind.ORDER: "ord",
    SubjectKind.REFUND: "rfd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A stamp, order or refund."""

    kind: SubjectKind
    id: UUID

    def show(self) -> str:
        """Its id, as the world sees it."""
        return show_id(PREFIXES[self.kind], self.id)


def read_subject(text: str) -> Subject:
    """What `stm_…`, `ord_…` or `rfd_…` names; raises `MalformedId`."""
    prefix = text.partition("_")[0]
    for kind, known in PREFIXES.items():
        if known == prefix:
            return Subject(kind=kind, id=read_id(prefix, text))
    raise MalformedId(kind="subject")


class Code(StrEnum):
    """What the machine may find; `edge` has the words."""

    STAMP_WAITS = "stamp_waits"
    STAMP_IN_WORK = "stamp_in_work"
    STAMP_SEALED = "stamp_sealed"  #: from here it goes only forward
    STAMP_AFFIXED = "stamp_affixed"
    STAMP_RETURNED = "stamp_returned"
    QUOTA_HELD = "quota_held"
    QUOTA_RELEASED = "quota_released"
    QUOTA_USED = "quota_used"
    SIGNER_WELL = "signer_well"
    SIGNER_AWAY = "signer_away"
    FILE_READY = "file_ready"
    FILE_GONE = "file_gone"  #: its time was over, or its owner had it destroyed
    FILE_AWAY = "file_away"  #: the store does not answer
    FILE_AT_HOME = "file_at_home"  #: it never was here
    GATEWAY_ASKED = "gateway_asked"
    GATEWAY_SILENT = "gateway_silent"
    ORDER_UNPAID = "order_unpaid"
    ORDER_UNDERPAID = "order_underpaid"
    ORDER_PAID = "order_paid"
    ORDER_FILLED = "order_filled"
    ORDER_EXPIRED = "order_expired"
    ORDER_CANCELLED = "order_cancelled"
    SURPLUS_RETURNS = "surplus_returns"
    REFUND_WAITS = "refund_waits"  #: for a second person
    REFUND_SENT = "refund_sent"
    REFUND_OVERDUE = "refund_overdue"  #: no end is known for a day
    REFUND_DONE = "refund_done"
    REFUND_FAILED = "refund_failed"
    REFUND_DECLINED = "refund_declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the machine saw. Facts: `at` (ISO 8601), `amount_idr`, `stamps`, `reason` (a code)."""

    code: Code
    facts: Mapping[str, str | int] = field(default_factory=dict)


class ComplaintState(StrEnum):
    """See `moves.py`."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"  #: its people were forgotten before it was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedComplaint:
    """What somebody says is wrong with a thing of theirs."""

    subject: Subject
    words: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises `ComplaintUnexplained`."""
        if not 1 <= len(self.words.strip()) <= MOST_LETTERS:
            raise ComplaintUnexplained(most=MOST_LETTERS)

    @property
    def sha256(self) -> bytes:
        """What tells a replay from another request under the same key."""
        return hashlib.sha256(f"complaint 1|{self.subject.show()}|{self.words}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint as its row says. What people wrote is sealed."""

    id: UUID
    account_id: AccountId
    subject: Subject
    findings: tuple[Finding, ...]
    state: ComplaintState
    actor: str
    opened_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    words_sealed: bytes | None = field(repr=False)
    answer_sealed: bytes | None = field(repr=False)
    request_sha256: bytes = field(repr=False)

    @property
    def no(self) -> str:
        """Its number: whoever has it may follow it."""
        return show_id(COMPLAINT, self.id)
