"""A bulkhead: who of one kind of work may begin, who waits in front, and who is told to come again.

Pure: the clock is passed in, and each call tells whose standing it changed. Within a bulkhead the more
urgent goes first, then who came first. Somebody is shed only when all places are taken and they have waited
for longer than the bound, and then nobody less urgent goes on waiting. Work whose caller has gone, or whose
time is spent, is not begun.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bubuh.edge.gradient import Bounds, Gradient

MOST_WAITING: Final = 4_096  #: in front of one bulkhead; beyond, the least urgent is shed at once


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
    standing: Standing = Standing.WAITING
    began_s: float = 0.0


class Bulkhead:
    """One kind of work in one process."""

    def __init__(self, bounds: Bounds, *, bound_s: float) -> None:
        """`bound_s`: how long one may wait in front while all places are taken."""
        self.bound_s = bound_s
        self.in_flight = 0
        self._longest_s = 0.0  # in front, of who was let in or shed since `pressure` was asked for
        self._gradient = Gradient(bounds)
        self._waiting: dict[int, deque[Place]] = {}

    @property
    def limit(self) -> int:
        """How many may work at once now."""
        return self._gradient.limit

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(queue) for queue in self._waiting.values())

    def queued_s(self, now_s: float) -> float:
        """For how long the one who has waited longest does; 0 when nobody waits."""
        return now_s - min((queue[0].since_s for queue in self._waiting.values() if queue), default=now_s)

    def pressure(self, now_s: float) -> float:
        """The longest wait in front since this was last asked, in bounds: 1 is as long as one may wait."""
        longest_s, self._longest_s = max(self._longest_s, self.queued_s(now_s)), 0.0
        return longest_s / self.bound_s

    def arrive(self, urgency: int, *, now_s: float, until_s: float) -> tuple[Place, list[Place]]:
        """A new request, and all whose standing changed with it."""
        place = Place(urgency, now_s, until_s)
        self._waiting.setdefault(urgency, deque()).append(place)
        return place, self.look(now_s)

    def leave(self, place: Place, *, now_s: float, counts: bool = True) -> list[Place]:
        """It has ended, or its caller has gone; who begins in its stead.

        `counts`: its time says how long such work takes.
        """
        if place.standing is Standing.WORKING:
            if counts:
                self._gradient.note(now_s - place.began_s, in_flight=self.in_flight, now_s=now_s)
            self.in_flight -= 1
        elif place.standing is Standing.WAITING:
            self._waiting[place.urgency].remove(place)
        place.standing = Standing.GONE
        return self.look(now_s)

    def look(self, now_s: float) -> list[Place]:
        """Let in whom there is room for, and turn away who waited too long; whose standing changed."""
        changed = list(self._drop_spent(now_s))
        while self.in_flight < self.limit and (place := self._first()) is not None:
            self._waiting[place.urgency].popleft()
            self._longest_s = max(self._longest_s, now_s - place.since_s)
            place.standing, place.began_s = Standing.WORKING, now_s
            self.in_flight += 1
            changed.append(place)
        changed += self._shed(now_s)
        return changed

    def _first(self) -> Place | None:
        urgency = min((urgency for urgency, queue in self._waiting.items() if queue), default=None)
        return None if urgency is None else self._waiting[urgency][0]

    def _drop_spent(self, now_s: float) -> Iterator[Place]:
        for urgency, queue in self._waiting.items():
            if any(place.until_s <= now_s for place in queue):
                for place in (one for one in queue if one.until_s <= now_s):
                    place.standing = Standing.SPENT
                    yield place
                self._waiting[urgency] = deque(one for one in queue if one.until_s > now_s)

    def _shed(self, now_s: float) -> Iterator[Place]:
        """The most urgent of the overdue, and all who wait and are less urgent than that."""
        overdue = [
            urgency
            for urgency, queue in self._waiting.items()
            if queue and now_s - queue[0].since_s >= self.bound_s
        ]
        if overdue:
            self._longest_s = max(self._longest_s, self.queued_s(now_s))
            most_urgent = min(overdue)
            for urgency, queue in self._waiting.items():
                while queue and (
                    urgency > most_urgent
                    or (urgency == most_urgent and now_s - queue[0].since_s >= self.bound_s)
                ):
                    yield _turned_away(queue.popleft())
        while self.waiting > MOST_WAITING:
            yield _turned_away(self._waiting[max(u for u, queue in self._waiting.items() if queue)].pop())


def _turned_away(place: Place) -> Place:
    place.standing = Standing.SHED
    return place
