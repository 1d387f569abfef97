"""What was measured, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from bubuh.outages.model import Function


class State(IntEnum):
    """How a function is, the worst last."""

    OK = 0
    UNKNOWN = 1  #: not measured, which is no good sign
    SLOW = 2
    FAILING = 3  #: some who try it fail
    DOWN = 4


class Reason(StrEnum):
    """Why a function is not well."""

    NO_ANSWER = "no_answer"  #: the site does not answer
    DATABASE = "database"
    SIGNER = "signer"
    WORKER = "worker"  #: what is accepted waits
    ERRORS = "errors"
    SLOW = "slow"
    BACKLOG = "backlog"
    GATE = "gate"  #: the waiting room's gate does not answer, or writes nothing new
    GATEWAY = "gateway"
    BROWNOUT = "brownout"  #: left off, so that what is more urgent goes on
    DECLARED = "declared"  #: an operator says so
    NOT_MEASURED = "not_measured"
    FEW_CALLS = "few_calls"  #: too few to say anything of


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the site answered, of one function, in the window."""

    asked: int = 0
    failed: int = 0  #: answered 5xx; of a partner's calls also those turned away (429, 503)
    p99_s: float | None = None  #: None: nothing to tell it by

    @property
    def failed_share(self) -> float:
        """Of those who asked."""
        return self.failed / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What only the database knows."""

    waiting_s: float  #: how long the oldest accepted stamp waits
    unmatched: int  #: payments that fit nothing
    whole_days: int  #: without a difference in the books


class Stock(StrEnum):
    """Whether a partner can affix stamps; how many it has is its own business."""

    SOME = "some"
    LOW = "low"  #: fewer than LOW_STAMPS
    NONE = "none"  #: or its account is frozen


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A partner whom an operator names to be shown."""

    slot: int  #: what metrics know it by
    name: str
    shown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The waiting room, as its gate told it."""

    is_open: bool  #: people go in by turn
    age_s: float  #: since the gate wrote that
    waiting: int  #: numbers that were not called, in all lanes
    wait_s: float | None  #: likely, for who joins the slowest lane now; None: nobody can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One look at the whole service. None: could not be measured."""

    at: datetime
    has_gate: bool = False  #: there is a waiting room
    queue: Queue | None = None
    web: str | None = None  #: "ok", or the code of the problem that its readiness told
    is_worker_alive: bool = False
    is_signer_alive: bool = False
    traffic: Mapping[Function, Traffic] = field(default_factory=dict)
    gateways: Mapping[str, bool] = field(default_factory=dict)  #: name to whether it is spared: it fails
    level: int = 0  #: of the brownout ladder
    affixed: int | None = None  #: stamps, in the window
    stamp_p99_s: float | None = None  #: from a worker's taking one up to its end
    books: Books | None = None
    stocks: Mapping[int, Stock] | None = None  #: of shown partners, by slot
    calls: Mapping[int, Traffic] | None = None  #: of these, in the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one function is, and why it is not better."""

    state: State
    reason: Reason | None = None


#: when what works counts as slow, failing, down
ENOUGH_ASKED: Final = 10  #: fewer who ask say nothing of a share
FAILING_SHARE: Final = 0.05
DOWN_SHARE: Final = 0.5
SLOW_S: Final = 5.0
SLOW_STAMP_S: Final = 20.0
BACKLOG_S: Final = 60.0  #: the oldest accepted stamp waits longer: slow
STALE_S: Final = 15.0  #: what the gate wrote longer ago says nothing of now
WINDOW_S: Final = 300.0  #: in which what happens is counted
LOW_STAMPS: Final = 100  #: a partner that has fewer has few
STANDSTILL_S: Final = 600.0  #: and longer than this: failing
