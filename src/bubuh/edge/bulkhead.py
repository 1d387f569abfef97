"""A bulkhead: who of one kind of work may begin, who waits in front, and who is told to come again.

Pure: the clock is passed in, and each call tells whose standing it changed. Within a bulkhead the more
urgent goes first, then who came first. Somebody is shed only when all places are taken: when they have waited
for longer than the bound, and then nobody less urgent goes on waiting; or when somebody comes and so many
wait that, at the pace of late, the last of the least urgent would wait for longer than that. Work whose
caller has gone, or whose time is spent, is not begun.

A bulkhead may give each owner (a partner's account) a line with a limit of its own: then a place goes to the
owner who has the fewest, and all of the above holds among each owner's own. So one who drowns fills no more
than a part of the places, sheds nobody else's, and whoever comes with little goes in before their next.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from bubuh.edge.gradient import Bounds, Gradient

MOST_WAITING: Final = 4_096  #: in front of one bulkhead; beyond, the least urgent is shed at once
MOST_IDLE: Final = 1_024  #: owners with nothing here whose limit is remembered, some 500 bytes each
NOBODY: Final = 0  #: the owner of what is nobody's in particular


class Standing(Enum):
    """Where a request stands."""

    WAITING = auto()
    WORKING = auto()
    SHED = auto()  #: told to come again; nothing was begun
    SPENT = auto()  #: its time was over before its turn came; nothing was begun
    GONE = auto()  #: ended, or its caller left


@dataclass(slots=True, eq=False)
class Place:
    """One request. `urgency` 0 goes first."""

    urgency: int
    since_s: float
    until_s: float  #: when nobody waits for its answer any more
    owner: int = NOBODY
    standing: Standing = Standing.WAITING
    began_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Line:
    """What one owner has here."""

    gradient: Gradient | None  #: None: only the bulkhead's limit holds
    in_flight: int = 0
    queues: dict[int, deque[Place]] = field(default_factory=dict)  #: by urgency
    first: Place | None = None  #: who is next; kept, for it is looked at whenever somebody else's turn comes
    until_s: float = math.inf  #: before then nobody's time is spent

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self.queues.values())

    @property
    def has_room(self) -> bool:
        return self.gradient is None or self.in_flight < self.gradient.limit

    def add(self, place: Place) -> None:
        """Behind all who are as urgent."""
        self.queues.setdefault(place.urgency, deque()).append(place)
        self.until_s = min(self.until_s, place.until_s)
        if self.first is None or place.urgency < self.first.urgency:
            self.first = place

    def remove(self, place: Place) -> None:
        """It does not wait any more."""
        self.queues[place.urgency].remove(place)
        self._find_first()

    def drop_spent(self, now_s: float) -> Iterator[Place]:
        """Those whose time is over."""
        if now_s < self.until_s:
            return
        for urgency, queue in self.queues.items():
            for place in (one for one in queue if one.until_s <= now_s):
                place.standing = Standing.SPENT
                yield place
            self.queues[urgency] = deque(one for one in queue if one.until_s > now_s)
        left = (place.until_s for queue in self.queues.values() for place in queue)
        self.until_s = min(left, default=math.inf)
        self._find_first()

    def shed(self, now_s: float, bound_s: float) -> Iterator[Place]:
        """The most urgent of the overdue, and all who wait and are less urgent than that."""
        overdue = [
            urgency for urgency, queue in self.queues.items() if queue and now_s - queue[0].since_s >= bound_s
        ]
        if not overdue:
            return
        most_urgent = min(overdue)
        for urgency, queue in self.queues.items():
            while queue and (
                urgency > most_urgent or (urgency == most_urgent and now_s - queue[0].since_s >= bound_s)
            ):
                yield _turned_away(queue.popleft())
        self._find_first()

    def shed_last(self) -> Place:
        """The one who came last of the least urgent."""
        last = self.queues[max(u for u, queue in self.queues.items() if queue)].pop()
        self._find_first()
        return _turned_away(last)

    def _find_first(self) -> None:
        urgency = min((urgency for urgency, queue in self.queues.items() if queue), default=None)
        self.first = None if urgency is None else self.queues[urgency][0]


class _Pace:
    """How many begin in a second while others wait without a pause: else it says nothing of what could."""

    def __init__(self, window_s: float) -> None:
        self.per_s: float | None = None  #: in the better of the last two windows; None: not known
        self._window_s = window_s
        self._before = 0.0
        self._from_s: float | None = None  # None: nobody waited
        self._begun = 0

    def note(self, *, begun: int, is_waited: bool, now_s: float) -> None:
        """So many began, and somebody still waits or not."""
        if not is_waited:
            self.per_s = self._from_s = None
        elif self._from_s is None:
            self._from_s, self._begun, self._before = now_s, 0, 0.0
        else:
            self._begun += begun
            span_s = now_s - self._from_s
            if span_s >= self._window_s:
                pace = self._begun / span_s
                self.per_s, self._before = max(pace, self._before), pace
                self._from_s, self._begun = now_s, 0


class Bulkhead:
    """One kind of work in one process."""

    def __init__(self, bounds: Bounds, *, bound_s: float, each: Bounds | None = None) -> None:
        """`bound_s`: how long one may wait in front while all places are taken.

        `each`: bounds of the limit that each owner has; None: there are no owners.
        """
        self.bound_s = bound_s
        self.in_flight = 0
        self.waiting = 0  #: how many wait
        self._longest_s = 0.0  # in front, of who was let in or shed since `pressure` was asked for
        self._gradient = Gradient(bounds)
        self._pace = _Pace(bound_s)
        self._each = each
        self._lines: dict[int, _Line] = {}  # of owners who have somebody here: as many as places at most
        self._fronts: dict[int, _Line] = {}  # of these, where somebody waits
        self._idle: dict[int, _Line] = {}  # of the others, the one left longest ago first
        self._arrived: deque[Place] = deque()  # all who wait, in order, among some who do not any more
        self._until_s = math.inf  # before then nobody's time is spent

    @property
    def limit(self) -> int:
        """How many may work at once now."""
        return self._gradient.limit

    @property
    def owners(self) -> int:
        """Of how many owners something is remembered."""
        return len(self._lines) + len(self._idle)

    def queued_s(self, now_s: float) -> float:
        """For how long the one who has waited longest does; 0 when nobody waits."""
        oldest = self._oldest()
        return 0.0 if oldest is None else now_s - oldest.since_s

    def pressure(self, now_s: float) -> float:
        """The longest wait in front since this was last asked, in bounds: 1 is as long as one may wait."""
        longest_s, self._longest_s = max(self._longest_s, self.queued_s(now_s)), 0.0
        return longest_s / self.bound_s

    def arrive(
        self, urgency: int, *, now_s: float, until_s: float, owner: int = NOBODY
    ) -> tuple[Place, list[Place]]:
        """A new request, and all whose standing changed with it."""
        place = Place(urgency, now_s, until_s, owner if self._each else NOBODY)
        line = self._lines.get(place.owner)
        if line is None:
            line = self._idle.pop(place.owner, None) or self._new_line()
            self._lines[place.owner] = line
        is_in_time = now_s < until_s
        if is_in_time and not self.waiting and self.in_flight < self.limit and line.has_room:
            self._work(place, line, now_s)
            self._pace.note(begun=1, is_waited=False, now_s=now_s)
            return place, [place]
        line.add(place)
        self._arrived.append(place)
        self._until_s = min(self._until_s, until_s)
        self._fronts[place.owner] = line
        self.waiting += 1
        changed = self.look(now_s)
        if place.standing is Standing.WAITING and self._is_too_long(line):
            changed.append(line.shed_last())
            self.waiting -= 1
            self._longest_s = self.bound_s  # that is what it would have been
        return place, changed

    def leave(self, place: Place, *, now_s: float, counts: bool = True) -> list[Place]:
        """It has ended, or its caller has gone; who begins in its stead.

        `counts`: its time says how long such work takes.
        """
        if place.standing is Standing.WORKING:
            self._end(place, self._lines[place.owner], now_s=now_s, counts=counts)
        elif place.standing is Standing.WAITING:
            self._lines[place.owner].remove(place)
            self.waiting -= 1
        place.standing = Standing.GONE
        self._settle(place.owner)
        return self.look(now_s)

    def look(self, now_s: float) -> list[Place]:
        """Let in whom there is room for, and turn away who waited too long; whose standing changed."""
        if not self.waiting:
            self._pace.note(begun=0, is_waited=False, now_s=now_s)
            return []
        spent, begun = self._drop_spent(now_s), list[Place]()
        while self.in_flight < self.limit and (place := self._first()) is not None:
            self._begin(place, now_s)
            begun.append(place)
        self._pace.note(begun=len(begun), is_waited=self.waiting > 0, now_s=now_s)
        changed = [*spent, *begun, *self._shed(now_s)]
        for place in changed:
            self._settle(place.owner)
        return changed

    def _oldest(self) -> Place | None:
        """Who has waited longest."""
        while self._arrived and self._arrived[0].standing is not Standing.WAITING:
            self._arrived.popleft()
        return self._arrived[0] if self._arrived else None

    def _drop_spent(self, now_s: float) -> list[Place]:
        if now_s < self._until_s:
            return []
        spent = [place for line in self._fronts.values() for place in line.drop_spent(now_s)]
        self._until_s = min((line.until_s for line in self._fronts.values()), default=math.inf)
        self.waiting -= len(spent)
        return spent

    def _is_too_long(self, line: _Line) -> bool:
        """Whether its last would wait for longer than the bound, each owner being let in by turns."""
        per_s = self._pace.per_s
        return per_s is not None and line.waiting * len(self._fronts) > per_s * self.bound_s

    def _first(self) -> Place | None:
        """Of the owner who has the fewest places and may have more."""
        found: tuple[int, int, float, Place] | None = None
        for line in self._fronts.values():
            if (place := line.first) is not None and line.has_room:
                rank = (line.in_flight, place.urgency, place.since_s, place)
                if found is None or rank[:3] < found[:3]:
                    found = rank
        return None if found is None else found[3]

    def _begin(self, place: Place, now_s: float) -> None:
        line = self._lines[place.owner]
        line.remove(place)
        self.waiting -= 1
        self._longest_s = max(self._longest_s, now_s - place.since_s)
        self._work(place, line, now_s)

    def _work(self, place: Place, line: _Line, now_s: float) -> None:
        place.standing, place.began_s = Standing.WORKING, now_s
        line.in_flight += 1
        self.in_flight += 1

    def _end(self, place: Place, line: _Line, *, now_s: float, counts: bool) -> None:
        if counts:
            took_s = now_s - place.began_s
            self._gradient.note(took_s, in_flight=self.in_flight, now_s=now_s)
            if line.gradient is not None:
                line.gradient.note(took_s, in_flight=line.in_flight, now_s=now_s)
        line.in_flight -= 1
        self.in_flight -= 1

    def _shed(self, now_s: float) -> list[Place]:
        shed: list[Place] = []
        while (oldest := self._oldest()) is not None and now_s - oldest.since_s >= self.bound_s:
            self._longest_s = max(self._longest_s, now_s - oldest.since_s)
            shed += self._fronts[oldest.owner].shed(now_s, self.bound_s)
        self.waiting -= len(shed)
        while self.waiting > MOST_WAITING:
            shed.append(max(self._fronts.values(), key=lambda line: line.waiting).shed_last())
            self.waiting -= 1
        return shed

    def _new_line(self) -> _Line:
        return _Line(None if self._each is None else Gradient(self._each))

    def _settle(self, owner: int) -> None:
        """Keep no line of who has nobody here, but for what was learnt of the last so many."""
        line = self._lines.get(owner)
        if line is None or line.waiting:
            return
        self._fronts.pop(owner, None)
        if not line.in_flight:
            self._idle[owner] = self._lines.pop(owner)
            if len(self._idle) > MOST_IDLE:
                del self._idle[next(iter(self._idle))]


def _turned_away(place: Place) -> Place:
    place.standing = Standing.SHED
    return place
