"""Of each minute, how many numbers of a lane were given and called: what a proof of turn is read from."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

MINUTE_S: Final = 60
KEPT: Final = 5_760  #: minutes: four days, for who asks a day after a turn of three
_TRIMMED: Final = 720  # at once


class Minute(NamedTuple):
    """Where a lane stood at one moment of a minute."""

    at_s: int  #: seconds since 1970
    issued: int
    serving: int
    was_open: bool


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the minutes show of one number; moments in seconds since 1970."""

    given_after: int | None  #: it had not been given; None: the minutes do not reach back
    given_by: int
    waited_at: int | None  #: the last time seen at which it waited; None: called within the minute
    ahead: int  #: numbers before it then
    called_by: int | None
    was_open: (
        bool  #: from `given_by` (then at least) until the deadline, or until the last it was seen to wait
    )


class Minutes:
    """The last four days of one lane; 21 bytes a minute."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._at, self._issued, self._serving = array("Q"), array("Q"), array("Q")
        self._open = bytearray()

    def is_due(self, now_s: float) -> bool:
        """Whether another minute has begun since the last that is kept."""
        return not self._at or int(now_s) // MINUTE_S > self._at[-1] // MINUTE_S

    def keep(self, minute: Minute) -> None:
        """One more; a clock that was put back keeps nothing until it is past the last."""
        if self._at and minute.at_s <= self._at[-1]:
            return
        self._at.append(minute.at_s)
        self._issued.append(minute.issued)
        self._serving.append(minute.serving)
        self._open.append(minute.was_open)
        if len(self._at) > KEPT + _TRIMMED:
            for kept in (self._at, self._issued, self._serving, self._open):
                del kept[:_TRIMMED]

    def __iter__(self) -> Iterator[Minute]:
        """All that are kept, the oldest first."""
        for at_s, issued, serving, was_open in zip(
            self._at, self._issued, self._serving, self._open, strict=True
        ):
            yield Minute(at_s, issued, serving, bool(was_open))

    def seen(self, number: int, place: int, *, deadline_s: int | None) -> Seen | None:
        """What is shown of `number`, which stands at `place`; None: it was given within this minute."""
        given = bisect_left(self._issued, number)
        if given == len(self._at):
            return None
        called = max(given, bisect_left(self._serving, place))
        waits = called > given
        last = called - 1
        if deadline_s is not None:
            last = min(last, max(given, bisect_left(self._at, deadline_s)))
        return Seen(
            given_after=self._at[given - 1] if given else None,
            given_by=self._at[given],
            waited_at=self._at[called - 1] if waits else None,
            ahead=place - self._serving[called - 1] if waits else 0,
            called_by=self._at[called] if called < len(self._at) else None,
            was_open=all(self._open[given : last + 1]),
        )
