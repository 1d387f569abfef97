"""Proof of turn: what the gate's log shows of one number, as a statement that is signed.

It says only what stands in the log, which has for each minute how many numbers of a lane were given and
called: a number was given between two minutes, and had not been called at another.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from bubuh.statements.model import Facts
from bubuh.waitingroom.minutes import Seen

DEADLINE_BYTES: Final = 8  #: of a deadline, seconds since 1970, in the site's question; nought: none


class Outcome(StrEnum):
    """What became of a turn."""

    NOT_REACHED = "not_reached"  #: it waited when the deadline came
    WAITING = "waiting"  #: it waited when last looked at
    CALLED = "called"  #: it was called, before the deadline if there is one


class Joined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn that the gate gives the site for somebody."""

    turn: str  #: as links show it
    code: str
    lane: int
    number: int


class Shown(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gate tells the site of a turn that somebody shows."""

    lane: int
    number: int
    subject: str  #: 16 bytes in hexadecimal that name the turn, and that nobody can guess
    place: int | None  #: where it stands in its lane; None: it waits for a draw
    issued_at: int  #: seconds since 1970; of a code, which does not say it, when it was shown
    holder: str  #: whose account it is bound to, hexadecimal; "": nobody's
    is_browsers: bool  #: it is bound to a browser's key or cookie, and `holder` names that
    is_spent: bool  #: used, or called and missed: another turn is needed
    seen: Seen | None  #: None: it was given within this minute
    ahead: int | None = None  #: numbers before it now; None: its order is not drawn yet


class TurnRecord(Facts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed of a turn."""

    lane: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]  #: of the lane, as people read it
    number: Annotated[int, msgspec.Meta(ge=1)]
    holder: Annotated[str, msgspec.Meta(max_length=64)]  #: whose, hexadecimal; "": anybody's
    deadline_at: datetime | None
    given_after: datetime | None  #: the number had not been given then; None: the log does not reach back
    given_by: datetime  #: it had been given
    waited_at: datetime | None  #: the last time seen at which it had not been called; None: called at once
    ahead: Annotated[int, msgspec.Meta(ge=0)]  #: numbers before it that had not been called then
    called_by: datetime | None  #: it had been called; None: it has not
    was_open: bool  #: all that time people went in by turn
    stated_at: datetime

    def __post_init__(self) -> None:
        """See that the times can be those of one turn; raises ValueError."""
        told = [self.given_after, self.given_by, self.waited_at, self.called_by, self.stated_at]
        moments = [moment for moment in told if moment is not None]
        if any(moment.utcoffset() is None for moment in moments):
            raise ValueError("times have their zone")
        if moments != sorted(moments):
            raise ValueError("a turn is given, waits and is called in this order")
        if self.waited_at is None and self.called_by is None:
            raise ValueError("a turn waits or is called")

    @property
    def outcome(self) -> Outcome:
        """That the deadline was missed is said of who stood in time, and could not go in without a turn."""
        stood = self.waited_at is not None and self.deadline_at is not None
        if stood and self.was_open and self.given_by <= self.deadline_at <= self.waited_at:  # type: ignore[operator]
            return Outcome.NOT_REACHED
        return Outcome.WAITING if self.called_by is None else Outcome.CALLED
