"""The bulkheads of a process, for who waits: begins work when its turn comes, and says no when it does not.

Whoever is turned away has begun nothing: an idempotency key that came along stays unused, and the same
request sent again is carried out once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from bubuh.core.deadline import TimeSpent
from bubuh.core.errors import Fault
from bubuh.edge import metrics
from bubuh.edge.bulkhead import NOBODY, Bulkhead, Place, Standing
from bubuh.edge.bulkheads import RULES, Kind, Way
from bubuh.edge.comeback import ComeBacks
from bubuh.edge.refusals import ClientGone


class Overloaded(Fault):
    """More came than can be served now; nothing was begun."""

    code = "overloaded"

    def __init__(self, where: str, *, retry_after_s: int) -> None:
        super().__init__(where)
        self.retry_after_s = retry_after_s


class Work:
    """A request that is being worked on, until `end`."""

    def __init__(self, works: Works, kind: Kind, place: Place) -> None:
        self._works, self._kind, self._place = works, kind, place

    def end(self, *, counts: bool = True) -> None:
        """Give the place to the next; again: nothing more. `counts`: its time is that of such work."""
        if self._place.standing is Standing.WORKING:
            self._works.leave(self._kind, self._place, counts=counts)


class Works:
    """The bulkheads of one web process."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.clock_s = clock_s
        self.bulkheads: Mapping[Kind, Bulkhead] = {
            kind: Bulkhead(rule.bounds, bound_s=rule.bound_s, each=rule.each) for kind, rule in RULES.items()
        }
        self._waiting: dict[Place, asyncio.Future[None]] = {}
        self._comebacks = {kind: ComeBacks() for kind in RULES}
        self._front = {kind: metrics.FRONT.labels(bulkhead=kind) for kind in RULES}
        for kind, bulkhead in self.bulkheads.items():
            metrics.show_bulkhead(str(kind), bulkhead)

    async def begin(
        self,
        way: Way,
        *,
        until_s: float,
        gone: Callable[[], Coroutine[Any, Any, None]],
        owner: int = NOBODY,
    ) -> Work:
        """Begin, at once or when the turn comes; `gone` returns when the caller has.

        `owner`: the account whose program calls, where such work has a limit for each.

        Raises:
            Overloaded: it waited too long in front of a full bulkhead.
            TimeSpent: `until_s` passed.
            ClientGone: the caller did not wait.
        """
        place, changed = self.bulkheads[way.kind].arrive(
            way.urgency, now_s=self.clock_s(), until_s=until_s, owner=owner
        )
        self._tell(way.kind, changed)
        if place.standing is Standing.WAITING:
            try:
                await self._wait(way.kind, place, gone)
            except BaseException:
                self.leave(way.kind, place)
                raise
        self._front[way.kind].observe(self.clock_s() - place.since_s)
        if place.standing is Standing.SPENT:
            raise TimeSpent(f"{way.kind} bulkhead")
        is_served = place.standing is Standing.WORKING
        after_s = self._comebacks[way.kind].note(place.owner, is_served=is_served, now_s=self.clock_s())
        if place.standing is Standing.SHED:
            raise Overloaded(f"{way.kind} bulkhead, urgency {way.urgency}", retry_after_s=after_s)
        return Work(self, way.kind, place)

    def leave(self, kind: Kind, place: Place, *, counts: bool = True) -> None:
        """The request has ended, or its caller does not wait any more."""
        self._tell(kind, self.bulkheads[kind].leave(place, now_s=self.clock_s(), counts=counts))

    async def _wait(self, kind: Kind, place: Place, gone: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Return when it is decided."""
        bulkhead = self.bulkheads[kind]
        decided = self._waiting[place] = asyncio.get_running_loop().create_future()
        leaving = asyncio.create_task(gone(), name="caller")
        try:
            while place.standing is Standing.WAITING:
                now_s = self.clock_s()
                left_s = min(place.since_s + bulkhead.bound_s, place.until_s) - now_s
                await asyncio.wait(
                    {decided, leaving}, timeout=max(left_s, 0.0), return_when=asyncio.FIRST_COMPLETED
                )
                if leaving.done():
                    leaving.result()
                    metrics.TURNED_AWAY.labels(bulkhead=kind, why="gone").inc()
                    raise ClientGone
                self._tell(kind, bulkhead.look(self.clock_s()))
        finally:
            del self._waiting[place]
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving

    def _tell(self, kind: Kind, changed: Iterable[Place]) -> None:
        for place in changed:
            if place.standing is not Standing.WORKING:
                metrics.TURNED_AWAY.labels(bulkhead=kind, why=place.standing.name.lower()).inc()
            decided = self._waiting.get(place)
            if decided is not None and not decided.done():
                decided.set_result(None)
