"""What a holder has, what moves it, and how an asking ends. How many may move is decided in SQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bubuh.core.ids import AccountId


class Source(StrEnum):
    """Where allotted stamps come from."""

    MINTED = "minted"  #: given by an operator for the authority
    SOLD = "sold"  #: a paid order


class Sink(StrEnum):
    """Where captured stamps go."""

    USED = "used"  #: affixed
    PAID_BACK = "paid_back"  #: their price went back to the buyer


class Purpose(StrEnum):
    """What stamps are held for."""

    STAMP = "stamp"
    REFUND = "refund"
    SHARE = "share"  #: what a child holds, on its parent's side


class Leg(StrEnum):
    """The three local steps of a transfer between accounts."""

    OUT = "out"  #: at the giver, free to in_transit
    IN = "in"  #: at the receiver, to free
    ACK = "ack"  #: at the giver, in_transit to transferred


class MovementKind(StrEnum):
    """What a movement was."""

    ALLOT = "allot"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_ACK = "transfer_ack"


class Outcome(StrEnum):
    """How one request of many ended."""

    DONE = "done"
    ALREADY_DONE = "already_done"  #: by an earlier request of the same id
    EXHAUSTED = "exhausted"
    FROZEN = "frozen"
    CONFLICT = "conflict"  #: the id stands for something else
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account has, in stamps."""

    free: int
    held: int
    used: int
    in_transit: int  #: on their way to another account
    frozen: bool  #: nothing can be held or sent until an operator has looked
    share: OwnShare | None = None  #: of a child account, whose `free` is what its parent lets it use


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnShare:
    """The limit that a child account lives under."""

    parent_id: AccountId
    limit: int  #: of what it holds and has used together
    closed: bool  #: nothing more can be held under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A child account as its parent sees it."""

    account_id: AccountId  #: the child
    name: str
    limit: int
    held: int
    used: int
    left: int  #: of the limit; 0 when closed
    closed: bool
    opened_at: datetime


class ShareOutcome(StrEnum):
    """How an asking about a share ended."""

    DONE = "done"
    ALREADY_DONE = "already_done"
    CONFLICT = "conflict"  #: the child stands for another asking
    CHILD = "child"  #: the parent is a child itself
    LOW = "low"  #: the limit is below what counts already
    UNKNOWN = "unknown"  #: the parent has no such child


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAllotment:
    """Give `stamps` to an account. `ref` is the order or the allotment."""

    ref: UUID
    account_id: AccountId
    stamps: int
    source: Source
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHold:
    """Set `stamps` of an account aside. `id` is that of what they are held for."""

    id: UUID
    account_id: AccountId
    stamps: int
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEnd:
    """End the hold `id`, by capture or by release."""

    id: UUID
    account_id: AccountId
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLeg:
    """One leg of the transfer `ref`, at `account_id`; the other side is `counter_account_id`."""

    ref: UUID
    account_id: AccountId
    counter_account_id: AccountId
    stamps: int
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTransfer:
    """A transfer as its giver sees it."""

    ref: UUID
    receiver: AccountId
    stamps: int
    sent_at: datetime
    arrived_at: datetime | None  #: when the giver learned of it; None while in transit


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a request ended, and what the account has since."""

    id: UUID  #: the request's id or ref
    outcome: Outcome
    free: int
    held: int

    @property
    def replayed(self) -> bool:
        """Whether an earlier request of the same id had done it."""
        return self.outcome is Outcome.ALREADY_DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One immutable transfer, as its account's owner sees it."""

    no: int  #: its number among the account's transfers, from 1 without gaps
    ref: UUID  #: the stamp, order, refund, allotment or transfer that moved the stamps
    kind: MovementKind
    debit: str  #: the bucket or sink they left
    credit: str  #: the bucket or sink they entered
    stamps: int
    counter_account_id: AccountId | None  #: the other side: of a transfer, or of what a child holds
    actor: str
    recorded_at: datetime
    purpose: Purpose | None  #: of what was held: what for


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """An invariant that does not hold: whose, and on what."""

    account_id: AccountId  #: the service's own when no account can be named
    invariant: str
    subject: str
    is_late: bool  #: something waits too long; the books agree


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How far a shard's books were watched."""

    read_to: datetime
    patrol_after: AccountId
    audit_no: int
    audit_hash: bytes | None  #: None: nothing of the audit was verified yet
    is_patrol_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One transfer, by what is asked about it."""

    account_id: AccountId
    ref: UUID
    settled: datetime  #: its time, or the time before which nothing can still be committed


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStanding:
    """What one shard knows of its own books."""

    begun_at: datetime
    passed_at: datetime | None
    asked_at: datetime
    #: when its last difference was gone; `asked_at` while one is open; None: there was none
    until: datetime | None
