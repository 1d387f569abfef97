"""A batch that clocks itself: whatever arrived while the last batch committed is the next one.

Under load one commit serves hundreds of callers, of many shards; alone, a caller waits for nobody. There is
no timer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Final, Generic, Self, TypeAlias

import structlog
from prometheus_client import Counter, Histogram

from bubuh.core.errors import DatabaseUnavailable, Fault
from bubuh.core.shards import Shard
from bubuh.db.batch import BoundActN, Outcome, Request, SetAct, Together
from bubuh.db.pool import Database

MOST: Final = 500  #: requests in one batch: what one statement is asked to do, and one failure can hold up
MOST_SHARDS: Final = 8  #: in one batch
_MOST_WAITING: Final = 10_000
_PATIENCE_S: Final = 3.0
_BACK_OFF_S: Final = (0.02, 0.1, 0.3)  #: before a batch is submitted again; the last one repeats

_log = structlog.get_logger(__name__)
_SIZES: Final = Histogram(
    "bubuh_batch_size", "Requests in one batch", ["act"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 500)
)
_WAITS: Final = Histogram(
    "bubuh_batch_wait_seconds", "From a request's arrival to the start of its batch", ["act"]
)
_ENDS: Final = Counter("bubuh_batch_ends", "How batches ended", ["act", "end"])


class QueueFull(Fault):
    """Too many wait already; nothing was begun."""

    code = "busy"
    retry_after_s = 2


@dataclass(eq=False, slots=True)
class _Waiter(Generic[Request, Outcome]):
    """A request and who awaits its outcome."""

    request: Request
    outcome: asyncio.Future[Outcome]
    since: float = field(default_factory=time.monotonic)


_Part: TypeAlias = tuple[Shard, list[_Waiter[Request, Outcome]]]  #: those of one shard in a batch


class SelfClocked(Generic[Request, Outcome]):
    """`db.batch.Batch` over a set-based act: no shard is in two batches at a time, several run side by side.

    A batch whose connection dies is submitted again with the same ids, because whether it was committed is
    not known; one that a request breaks is cut in halves until that request stands alone.
    """

    def __init__(
        self,
        act_n: BoundActN[Request, Outcome],
        *,
        name: str,
        key: Callable[[Request], Hashable],
        together: Together[Request, Outcome] | None = None,
        lanes: int = 4,
        most_shards: int = MOST_SHARDS,
        most: int = MOST,
        most_waiting: int = _MOST_WAITING,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """`act_n` is idempotent by `key`, of which no batch has two alike.

        `name` is the act's in metrics; `lanes` bounds the batches, and so the connections, in use at once;
        `patience_s` is how long a database that does not answer is asked again. With `together` a batch holds
        what waits in up to `most_shards`; without it, in one, as shards that lie on several servers want it.
        More of them make fewer commits, but smaller parts: a shard that is served later has more waiting.
        """
        self._act_n = act_n
        self._together = together
        self._most_shards = most_shards if together is not None else 1
        self._name = name
        self._waited = _WAITS.labels(name)
        self._key = key
        self._lanes = lanes
        self._most = most
        self._most_waiting = most_waiting
        self._patience_s = patience_s
        self._queues: dict[Shard, deque[_Waiter[Request, Outcome]]] = {}  #: of those that wait or are in work
        self._ready: deque[Shard] = deque()  #: shards with somebody waiting and no batch in work
        self._waiting = 0
        self._open = 0  #: lanes; counted here because a task that has ended is still in `_tasks` for a moment
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def over(
        cls, db: Database, act: SetAct[Request, Outcome], *, name: str, key: Callable[[Request], Hashable]
    ) -> Self:
        """Batches of `act` over `db`; few side by side, so that the next ones grow meanwhile."""
        return cls(partial(act, db), name=name, key=key, together=partial(act.together, db), lanes=2)

    async def submit(self, shard: Shard, request: Request) -> Outcome:
        """See `Batch.submit`. A caller that is cancelled before its batch begins was never there.

        Raises:
            QueueFull: too many wait; nothing was begun.
        """
        if self._waiting >= self._most_waiting:
            _ENDS.labels(self._name, "full").inc()
            raise QueueFull(f"{self._waiting} wait")
        waiter = _Waiter[Request, Outcome](request, asyncio.get_running_loop().create_future())
        self._waiting += 1
        if shard in self._queues:
            self._queues[shard].append(waiter)
        else:
            self._queues[shard] = deque([waiter])
            self._ready.append(shard)
            self._open_lane()
        return await waiter.outcome

    @property
    def waiting(self) -> int:
        """How many requests wait for their batch to begin."""
        return self._waiting

    def _open_lane(self) -> None:
        if self._open < self._lanes:
            self._open += 1
            lane = asyncio.create_task(self._work())
            self._tasks.add(lane)
            lane.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        """One lane: a batch of the shards that have been ready longest, until none is."""
        try:
            while self._ready:
                shards, parts = self._take()
                if parts:
                    await self._run(parts)
                for shard in shards:
                    if self._queues[shard]:
                        self._ready.append(shard)
                    else:
                        del self._queues[shard]
        finally:
            self._open -= 1

    def _take(self) -> tuple[list[Shard], list[_Part[Request, Outcome]]]:
        """The shards that are this lane's now, and the next batch, in the order of the shards."""
        shards, parts, room = list[Shard](), list[_Part[Request, Outcome]](), self._most
        now = time.monotonic()
        while self._ready and room and len(shards) < self._most_shards:
            shards.append(shard := self._ready.popleft())
            if part := self._take_from(shard, room):
                parts.append((shard, part))
                room -= len(part)
                for waiter in part:
                    self._waited.observe(now - waiter.since)
        self._waiting -= self._most - room
        return shards, sorted(parts, key=lambda part: part[0])

    def _take_from(self, shard: Shard, most: int) -> list[_Waiter[Request, Outcome]]:
        """Who waited longest, nobody who has gone, no two requests alike."""
        queue, part, keys = self._queues[shard], list[_Waiter[Request, Outcome]](), set[Hashable]()
        alike: list[_Waiter[Request, Outcome]] = []
        while queue and len(part) < most:
            waiter = queue.popleft()
            if waiter.outcome.cancelled():
                self._waiting -= 1
            elif (key := self._key(waiter.request)) in keys:
                alike.append(waiter)
            else:
                keys.add(key)
                part.append(waiter)
        queue.extendleft(reversed(alike))
        return part

    async def _run(self, parts: Sequence[_Part[Request, Outcome]]) -> None:
        """Have `parts` done and tell each its outcome; whatever happens, nobody is left waiting."""
        waiters = [waiter for _, part in parts for waiter in part]
        try:
            outcomes = await self._act(parts, size=len(waiters))
        except Fault as fault:  # of something outside, so no request's own
            for waiter in waiters:
                _fail(waiter, copy(fault))
        except Exception as error:  # noqa: BLE001 - one request's fault, whatever it is, is not the others'
            if len(waiters) > 1:
                await self._run_halves(parts, error)
            else:
                _ENDS.labels(self._name, "broken").inc()
                _fail(waiters[0], error)
        except BaseException:
            for waiter in waiters:
                waiter.outcome.cancel()
            raise
        else:
            for waiter, outcome in zip(waiters, chain.from_iterable(outcomes), strict=True):
                if not waiter.outcome.done():
                    waiter.outcome.set_result(outcome)

    async def _run_halves(self, parts: Sequence[_Part[Request, Outcome]], error: Exception) -> None:
        _ENDS.labels(self._name, "split").inc()
        _log.warning("batch_split", act=self._name, shards=len(parts), why=type(error).__name__)
        for half in _halves(parts):
            await self._run(half)

    async def _act(
        self, parts: Sequence[_Part[Request, Outcome]], *, size: int
    ) -> Sequence[Sequence[Outcome]]:
        """The act itself; while the database does not answer, the same again, for as long as is bearable."""
        requests = [(shard, [waiter.request for waiter in part]) for shard, part in parts]
        give_up = time.monotonic() + self._patience_s
        for wait_s in chain(_BACK_OFF_S, repeat(_BACK_OFF_S[-1])):
            try:
                if self._together is not None and len(requests) > 1:
                    outcomes = await self._together(requests)
                else:
                    outcomes = [await self._act_n(*part) for part in requests]
            except DatabaseUnavailable:
                if time.monotonic() + wait_s > give_up:
                    _ENDS.labels(self._name, "unknown").inc()
                    raise
                _ENDS.labels(self._name, "again").inc()
                await asyncio.sleep(wait_s)
            else:
                break
        assert sum(map(len, outcomes)) == size, f"{self._name} answers each request once"
        _SIZES.labels(self._name).observe(size)
        _ENDS.labels(self._name, "done").inc()
        return outcomes


def _halves(parts: Sequence[_Part[Request, Outcome]]) -> Sequence[Sequence[_Part[Request, Outcome]]]:
    """Half of the shards each, or of the one shard's requests."""
    if len(parts) > 1:
        return parts[: len(parts) // 2], parts[len(parts) // 2 :]
    ((shard, part),) = parts
    return [(shard, part[: len(part) // 2])], [(shard, part[len(part) // 2 :])]


def _fail(waiter: _Waiter[Request, Outcome], error: Exception) -> None:
    if not waiter.outcome.done():
        waiter.outcome.set_exception(error)
