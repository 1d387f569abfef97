"""Leases stamps, works on several at once, keeps its leases alive, and gives them back when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge, Histogram

from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.doorbell import Doorbell, Ringer, Subscription
from bubuh.pdf.model import Level
from bubuh.stamping import store
from bubuh.stamping.affix import Ended, Workshop, affix
from bubuh.stamping.bells import ENDED, LEVEL_WANTED, WAITING
from bubuh.stamping.model import Lease
from bubuh.stamping.refusals import LeaseLost
from bubuh.worker.watch import RENEW_EVERY_S, Watch

_log = structlog.get_logger(__name__)
_ENDED = Counter("bubuh_worker_stamps", "Stamps this worker let go of", ["how"])
_IN_HAND = Gauge("bubuh_worker_in_hand", "Stamps in work")
_SECONDS = Histogram("bubuh_worker_stamp_seconds", "From lease to end")

LEASE_S: Final = 15.0
LOOK_ROUND_EVERY_S: Final = 2.0  #: every shard is looked at so often, hint or no hint
MOST_IN_HAND: Final = 100  #: what they do at once is done in batches
_TRY_AGAIN_S: Final = (0.1, 0.3, *(0.7,) * 10)  #: after a Fault, while the lease is kept
YIELD_S: Final = 5.0  #: then others get the hand, and the stamp comes again


class Desk:
    """One worker's desk. `name` is the same after a restart, so that it can bury its own dead."""

    def __init__(
        self, shop: Workshop, doorbell: Doorbell, *, name: str, most_in_hand: int = MOST_IN_HAND
    ) -> None:
        """Nothing is leased yet."""
        self._shop = shop
        self._doorbell = doorbell
        self._ringer = Ringer(shop.db)
        self._most_in_hand = most_in_hand
        self._name = name
        self._watch = Watch(shop.db, worker=name)
        self._in_hand: dict[UUID, tuple[Lease, asyncio.Task[None]]] = {}
        self._a_hand_is_free = asyncio.Event()
        self._again: set[Shard] = set()  #: where something ended, so that more may be waiting
        self._unheard: set[Shard] = set()  #: where a lease was asked for and no answer came
        self._suspect: Lease | None = None  #: the one in hand over which a worker died
        self._with_suspects: set[Shard] = set()  #: where others may wait until that one has ended

    async def work(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then give back what has not ended.

        Raises:
            BaseException: our own mistake in a job; the other jobs were given back, the process shall end.
        """
        await self._bury_own_dead()
        with self._doorbell.subscribe(WAITING) as heard:
            renewing = asyncio.create_task(self._renew_for_ever(), name="renew")
            try:
                await self._lease_until(stop, heard, renewing)
            finally:
                renewing.cancel()
                await self._clear()

    async def _lease_until(
        self, stop: asyncio.Event, heard: Subscription, renewing: asyncio.Task[None]
    ) -> None:
        """Look where somebody rang, and round all shards every so often whether anybody rang or not."""
        now = asyncio.get_running_loop().time
        round_due = now()
        while not stop.is_set():
            shards = {Shard(int(payload)) for payload in heard.take() if payload.isdigit()} | self._again
            self._again.clear()
            if now() >= round_due:
                shards, round_due = set(ALL_SHARDS), now() + LOOK_ROUND_EVERY_S
            for shard in await self._list_waiting(shards):
                if not await self._free_hand(stop, renewing):
                    return
                await self._look(shard)
            self._raise_mistakes(renewing)
            await first_of(heard.wait(LOOK_ROUND_EVERY_S), stop.wait(), self._a_hand_is_free.wait(), renewing)
            self._a_hand_is_free.clear()

    async def _list_waiting(self, shards: set[Shard]) -> list[Shard]:
        """Those of `shards` that are worth a lease: to ask where nothing waits costs as much as a stamp."""
        try:
            waiting = set(await store.list_waiting(self._shop.db, sorted(shards))) if shards else set()
        except Fault as fault:
            self._again |= shards
            _log.warning("look_failed", code=fault.code)
            return []
        if self._suspect is None:
            self._with_suspects -= shards - waiting
        return sorted(waiting | (shards & self._unheard))

    async def _free_hand(self, stop: asyncio.Event, renewing: asyncio.Task[None]) -> bool:
        """Wait for a free hand; false when told to stop instead."""
        while not stop.is_set() and len(self._in_hand) >= self._most_in_hand:
            self._a_hand_is_free.clear()
            await first_of(self._a_hand_is_free.wait(), stop.wait(), renewing)
            self._raise_mistakes(renewing)
        self._a_hand_is_free.clear()
        return not stop.is_set()

    async def _look(self, shard: Shard) -> None:
        """Lease from `shard` what the free hands can hold, and one suspect when there is none in hand."""
        most, suspects = self._most_in_hand - len(self._in_hand), int(self._suspect is None)
        try:
            unheard = await self._list_unheard(shard)
            leases = await store.lease_n(
                self._shop.db,
                shard,
                worker=self._name,
                most=most,
                suspects=suspects,
                lease_s=LEASE_S,
                unrenewed=await self._watch.unrenewed(shard),
            )
        except Fault as fault:
            self._unheard.add(shard)
            _log.warning("lease_failed", code=fault.code)
            return
        leases += unheard
        for lease in leases:
            await self._drop(lease.stamp_id)  # our own once more: a pause outlived the lease we held
            task = asyncio.create_task(self._run(lease), name=f"stamp {lease.stamp_id}")
            self._in_hand[lease.stamp_id] = (lease, task)
        self._mind_suspects(shard, leases, looked=bool(suspects))
        _IN_HAND.set(len(self._in_hand))

    async def _list_unheard(self, shard: Shard) -> list[Lease]:
        """What was leased to us in an answer that never came; else it would lie until its lease is over."""
        if shard not in self._unheard:
            return []
        own = await store.list_own(self._shop.db, shard, worker=self._name)
        self._unheard.discard(shard)
        return [lease for lease in own if lease.stamp_id not in self._in_hand]

    def _mind_suspects(self, shard: Shard, leases: list[Lease], *, looked: bool) -> None:
        """Remember the suspect that came, and where others may wait for its end."""
        self._suspect = next((lease for lease in leases if lease.is_suspect), self._suspect)
        if not looked or any(lease.is_suspect for lease in leases):
            self._with_suspects.add(shard)
        else:
            self._with_suspects.discard(shard)
            self._look_for_suspects()

    def _look_for_suspects(self) -> None:
        """Have one more shard looked at, when there may be suspects and none is in hand."""
        if self._suspect is None and self._with_suspects:
            self._again.add(min(self._with_suspects))
            self._a_hand_is_free.set()

    async def _drop(self, stamp_id: UUID) -> None:
        """Let go of a job whose fence has risen, if it is in hand."""
        if (old := self._in_hand.pop(stamp_id, None)) is not None:
            lease, task = old
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if self._suspect == lease:
                self._suspect = None

    async def _run(self, lease: Lease) -> None:
        """Affix, trying again while something outside fails; a mistake of ours stays in the task."""
        started = asyncio.get_running_loop().time()
        try:
            how = await self._affix(lease)
        except BaseException:
            self._a_hand_is_free.set()  # so that the mistake is looked at
            raise
        _ENDED.labels(how).inc()
        _SECONDS.observe(asyncio.get_running_loop().time() - started)
        self._let_go(lease)
        if how in {Ended.AFFIXED, Ended.RETURNED}:
            self._ring(lease)

    async def _affix(self, lease: Lease) -> str:
        for wait_s in _TRY_AGAIN_S:
            try:
                return await affix(lease, self._shop)
            except LeaseLost:
                return "lost"
            except Fault as fault:
                _log.warning("stamp_waits", stamp=str(lease.stamp_id), code=fault.code)
                await asyncio.sleep(wait_s)
        await self._yield([lease], wait_s=YIELD_S)
        return "yielded"

    def _ring(self, lease: Lease) -> None:
        self._ringer.ring(ENDED, str(lease.stamp_id))
        if self._shop.level is not Level.B_B:
            self._ringer.ring(LEVEL_WANTED, str(lease.shard))

    def _let_go(self, lease: Lease) -> None:
        """The hand is free; the same document may have more stamps waiting."""
        if self._in_hand.get(lease.stamp_id, (None,))[0] == lease:
            del self._in_hand[lease.stamp_id]
        if self._suspect == lease:
            self._suspect = None
            self._look_for_suspects()
        self._again.add(lease.shard)
        _IN_HAND.set(len(self._in_hand))
        self._a_hand_is_free.set()

    def _raise_mistakes(self, *others: asyncio.Task[None]) -> None:
        """Raise what a job raised that no rule foresees; its lease is not given back: a death."""
        for task in (*others, *(task for _, task in self._in_hand.values())):
            if task.done() and not task.cancelled() and (mistake := task.exception()) is not None:
                raise mistake

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            for shard, leases in _by_shard(lease for lease, _ in self._in_hand.values()).items():
                try:
                    held = await store.renew_n(self._shop.db, shard, leases, lease_s=LEASE_S)
                except Fault as fault:
                    _log.warning("renew_failed", code=fault.code)
                    continue
                for lost in (lease for lease in leases if lease.stamp_id not in held):
                    _log.info("lease_lost", stamp=str(lost.stamp_id))

    async def _bury_own_dead(self) -> None:
        for shard in ALL_SHARDS:
            if buried := await store.bury(self._shop.db, shard, worker=self._name):
                _log.warning("own_dead_buried", shard=shard, stamps=buried)
                self._with_suspects.add(shard)

    async def _clear(self) -> None:
        """Stop every job and give its lease back; one that raised keeps it, as a death."""
        leases = []
        for lease, task in list(self._in_hand.values()):
            task.cancel()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(result, asyncio.CancelledError) or result is None:
                leases.append(lease)
        self._in_hand.clear()
        await self._yield(leases, wait_s=0.0)

    async def _yield(self, leases: list[Lease], *, wait_s: float) -> None:
        for shard, held in _by_shard(leases).items():
            try:
                await store.yield_n(self._shop.db, shard, held, wait_s=wait_s)
            except Fault as fault:
                _log.warning("yield_failed", code=fault.code)  # the lease ends by itself, or is buried


def _by_shard(leases: Iterator[Lease] | list[Lease]) -> Mapping[Shard, list[Lease]]:
    grouped: dict[Shard, list[Lease]] = {}
    for lease in leases:
        grouped.setdefault(lease.shard, []).append(lease)
    return grouped


async def first_of(*waits: Awaitable[object]) -> None:
    """Return when the first of `waits` is done; tasks among them go on."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait:
                task.cancel()
