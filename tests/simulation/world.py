"""Users, a network and a database, all made up; the batcher between them is the real one.

The database is the model that tests/quota/machine.py holds equal to the SQL functions. Its batches are slow,
fail before they are done, are done and not answered, or meet a time when nothing answers; users ask twice at
once, ask again, lose patience and come back. The seed decides all of it, and everything that happens is told.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import Part
from bubuh.db.self_clocked import QueueFull, SelfClocked
from bubuh.quota.model import Outcome, Sink, Source, WantedAllotment, WantedEnd, WantedHold
from bubuh.quota.moves import HoldState
from tests.quota.model import Books

MOST: Final = 16
MOST_WAITING: Final = 60
MOST_SHARDS: Final = 3  #: of five


class World:
    """One run of one seed."""

    def __init__(self, seed: int, *, users: int = 24, accounts: int = 10, allotted: int = 400) -> None:
        self.rng = random.Random(seed)
        self.books = Books()
        self.steps = 0
        self.trace = hashlib.sha256()
        self._in_work: set[tuple[str, Shard]] = set()
        self._dark_until = 0.0
        self.widest = 0  #: shards in one batch
        self._users = users
        self._accounts = [AccountId(1 + 64 * no + no % 5) for no in range(accounts)]
        for account in self._accounts:
            wanted = WantedAllotment(
                ref=self._id(account), account_id=account, stamps=allotted, source=Source.MINTED, actor="sim"
            )
            assert self.books.allot(wanted) is Outcome.DONE
        self.holds = self._batch("hold", self.books.hold)
        self.captures = self._batch("capture", partial(self.books.capture, sink=Sink.USED))
        self.releases = self._batch("release", self.books.release)

    async def live(self, steps: int) -> None:
        """Let all users live until so many things have happened, and each has ended what it began."""
        await asyncio.gather(*(self._user(no, steps) for no in range(self._users)))

    def check(self) -> None:
        """What must hold when everybody is gone."""
        assert not self._in_work
        assert [batch.waiting for batch in (self.holds, self.captures, self.releases)] == [0, 0, 0]
        for purse in self.books.purses.values():
            assert min(purse.free, purse.held, purse.used) >= 0
            assert purse.free + purse.held + purse.used == purse.allotted
        for hold in self.books.holds.values():
            assert hold.state is not HoldState.HELD, "each user ended what it held"

    def tell(self, *words: object) -> None:
        """One thing that happened, in the order and at the time at which it did."""
        self.steps += 1
        now = asyncio.get_running_loop().time()
        self.trace.update(f"{now:.6f} {' '.join(map(str, words))}\n".encode())

    async def _user(self, no: int, steps: int) -> None:
        while self.steps < steps:
            await asyncio.sleep(self.rng.expovariate(20))
            account = self.rng.choice(self._accounts)
            await self._stamp(no, account, self._id(account), self.rng.choice((1, 1, 2, 5)))

    async def _stamp(self, no: int, account: AccountId, hold_id: UUID, stamps: int) -> None:
        """Hold, then capture or release, sometimes both at once; every answer is held against the books."""
        shard, key = shard_of_account(account), (account, hold_id)
        hold = WantedHold(id=hold_id, account_id=account, stamps=stamps, actor="sim")
        held = await self._insist(no, partial(self.holds.submit, shard, hold))
        assert (key in self.books.holds) == (held is not Outcome.EXHAUSTED)
        if held is Outcome.EXHAUSTED:
            return
        end = WantedEnd(id=hold_id, account_id=account, actor="sim")
        ways = [(self.captures, HoldState.CAPTURED), (self.releases, HoldState.RELEASED)]
        self.rng.shuffle(ways)
        if self.rng.random() < 0.7:
            ways.pop()
        answers = await asyncio.gather(
            *(self._insist(no, partial(batch.submit, shard, end)) for batch, _ in ways)
        )
        state = self.books.holds[key].state
        for (_, wanted), answer in zip(ways, answers, strict=True):
            assert (answer is Outcome.CONFLICT) == (state is not wanted), "one of the two wins, and stays"

    async def _insist(self, no: int, ask: Callable[[], Coroutine[object, object, Answer]]) -> Outcome:
        """Ask until there is an answer; now and then twice at once, or losing patience and coming back."""
        while True:
            self.tell("ask", no)
            mood = self.rng.random()
            asks = [asyncio.create_task(ask()) for _ in range(2 if mood < 0.1 else 1)]
            if mood > 0.93:
                await asyncio.sleep(self.rng.expovariate(50))
                asks[0].cancel()
            answers = await asyncio.gather(*asks, return_exceptions=True)
            for answer in answers:
                assert not isinstance(answer, BaseException) or isinstance(
                    answer, DatabaseUnavailable | QueueFull | asyncio.CancelledError
                ), answer
            outcomes = [answer.outcome for answer in answers if not isinstance(answer, BaseException)]
            self.tell("hear", no, *outcomes)
            final = [one for one in outcomes if one is not Outcome.EXHAUSTED]
            if final:  # a refusal is not remembered: of two at once the later one may be held
                return final[0]
            if outcomes and len(outcomes) == len(answers):  # nor is it the end while another's is not known
                return Outcome.EXHAUSTED
            await asyncio.sleep(self.rng.expovariate(5))

    def _batch(self, name: str, act: Callable[..., Outcome]) -> SelfClocked:  # type: ignore[type-arg]
        return SelfClocked(
            partial(self._database, name, act),
            name=f"simulated_{name}",
            key=lambda wanted: wanted.id,
            together=partial(self._together, name, act),
            lanes=2,
            most_shards=MOST_SHARDS,
            most=MOST,
            most_waiting=MOST_WAITING,
        )

    async def _database(
        self, name: str, act: Callable[..., Outcome], shard: Shard, wanted: Sequence[WantedHold | WantedEnd]
    ) -> list[Answer]:
        """One batch of one shard."""
        (answers,) = await self._together(name, act, [(shard, wanted)])
        return answers

    async def _together(
        self, name: str, act: Callable[..., Outcome], parts: Sequence[Part[WantedHold | WantedEnd]]
    ) -> list[list[Answer]]:
        """One batch: there, done at one moment, and back."""
        work = {(name, shard) for shard, _ in parts}
        assert not work & self._in_work, "one batch a shard at a time"
        assert [shard for shard, _ in parts] == sorted({shard for shard, _ in parts}), "in the shards' order"
        assert len(parts) <= MOST_SHARDS
        assert 0 < sum(len(wanted) for _, wanted in parts) <= MOST
        assert all(len({one.id for one in wanted}) == len(wanted) > 0 for _, wanted in parts), "no two alike"
        self.widest = max(self.widest, len(parts))
        self._in_work |= work
        try:
            await self._way()
            outcomes = [[act(one) for one in wanted] for _, wanted in parts]
            for (shard, _), ended in zip(parts, outcomes, strict=True):
                self.tell(name, shard, *ended)
            await self._way()
        finally:
            self._in_work -= work
        return [[Answer(outcome) for outcome in ended] for ended in outcomes]

    async def _way(self) -> None:
        """Through the network, which takes its time, and sometimes does not arrive."""
        await asyncio.sleep(self.rng.expovariate(300))
        now = asyncio.get_running_loop().time()
        mood = self.rng.random()
        if mood < 0.002:
            self._dark_until = now + self.rng.uniform(0.1, 8.0)
        if mood < 0.02 or now < self._dark_until:
            self.tell("cut")
            raise DatabaseUnavailable("cut by the simulation")

    def _id(self, account: AccountId) -> UUID:
        return fresh_id(account, self.rng.randbytes)


class Answer:
    """What one request comes to."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
