"""Rows of the history, and what becomes of an order moment by moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.orders.model import OrderState
from bubuh.quota.model import MovementKind
from bubuh.refunds.model import RefundState
from bubuh.stamping.moves import StampState


class EntryKind(StrEnum):
    """What a row of the history is about."""

    STAMP = "stamp"
    ORDER = "order"
    REFUND = "refund"


class Phase(StrEnum):
    """How far something is, whatever it is."""

    OPEN = "open"
    DONE = "done"
    RETURNED = "returned"  #: quota or money came back
    DROPPED = "dropped"  #: nothing was moved


#: What of each kind is in a phase.
STATES: dict[EntryKind, dict[Phase, frozenset[str]]] = {
    EntryKind.STAMP: {
        Phase.OPEN: frozenset({StampState.ACCEPTED, StampState.PROCESSING}),
        Phase.DONE: frozenset({StampState.AFFIXED}),
        Phase.RETURNED: frozenset({StampState.RETURNED}),
        Phase.DROPPED: frozenset(),
    },
    EntryKind.ORDER: {
        Phase.OPEN: frozenset({OrderState.PLACED, OrderState.PAID}),
        Phase.DONE: frozenset({OrderState.FILLED}),
        Phase.RETURNED: frozenset(),
        Phase.DROPPED: frozenset({OrderState.EXPIRED, OrderState.CANCELLED}),
    },
    EntryKind.REFUND: {
        Phase.OPEN: frozenset(
            {RefundState.WAITING, RefundState.ASKED, RefundState.UNKNOWN, RefundState.PENDING}
        ),
        Phase.DONE: frozenset(),
        Phase.RETURNED: frozenset({RefundState.DONE}),
        Phase.DROPPED: frozenset({RefundState.FAILED, RefundState.DECLINED}),
    },
}


#: How far what is of a kind and in a state is.
PHASES: Final = {
    (kind, state): phase
    for kind, phases in STATES.items()
    for phase, states in phases.items()
    for state in states
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are wanted; None: whatever they are."""

    kind: EntryKind | None = None
    phase: Phase | None = None

    def states(self, kind: EntryKind) -> list[str] | None:
        """The states of `kind` that pass; none when the kind itself does not, None: all."""
        if self.kind not in {None, kind}:
            return []
        return None if self.phase is None else sorted(STATES[kind][self.phase])


class Entry(NamedTuple):
    """A stamp, an order or a refund, as one row. A tuple, as a page has many of them."""

    kind: EntryKind
    id: UUID
    state: str
    at: datetime  #: asked for
    ended_at: datetime | None  #: None: it has not, or an order's events say
    title: str | None  #: of a stamp: the type of its document
    number: str | None  #: of a stamp: the number of its document
    reason: str | None  #: of a stamp that was returned: a code
    stamps: int
    amount_idr: int | None  #: None: a stamp moves quota alone
    order_id: UUID | None  #: of a refund: the order whose money it is


class Happening(StrEnum):
    """What may happen to an order."""

    STATE = "state"  #: it went on to `state`
    PAYMENT = "payment"
    REVERSAL = "reversal"  #: a bank took money back
    REFUND = "refund"  #: money that goes back went on to `state`


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One moment of an order's life."""

    at: datetime
    what: Happening
    state: str | None
    amount_idr: int | None
    paid_at: datetime | None  #: when the gateway had the money; `at` is when we knew


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One movement of an account's stamps, and what it left."""

    no: int  #: its number among the account's, from 1 without gaps
    ref: UUID  #: the stamp, order, refund, allotment or transfer that moved them
    kind: MovementKind
    debit: str  #: the bucket or sink they left
    credit: str  #: the bucket or sink they entered
    stamps: int
    counter_account_id: AccountId | None
    recorded_at: datetime
    purpose: str | None  #: of a hold: what for
    to_free: int  #: what it added to the free ones, or took
    free_after: int
    held_after: int
