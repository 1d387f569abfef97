"""The batch that clocks itself, over a real database: nobody waits in vain, nobody is done twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.shards import Shard
from bubuh.db.batch import Batch, SetAct
from bubuh.db.pool import Database
from bubuh.db.self_clocked import QueueFull, SelfClocked

SHARD = Shard(7)


@dataclass
class Act:
    """Doubles numbers in the database; -1 is a number it cannot take."""

    batches: list[tuple[Shard, list[int]]] = field(default_factory=list)
    in_work: Counter[Shard] = field(default_factory=Counter)
    most_at_once: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    cut: int = 0  #: how many times the connection dies after the work is done

    async def __call__(self, db: Database, shard: Shard, requests: Sequence[int]) -> list[int]:
        assert not self.in_work[shard], "one batch a shard at a time"
        self.in_work[shard] += 1
        self.most_at_once = max(self.most_at_once, self.in_work.total())
        try:
            await self.gate.wait()
            self.batches.append((shard, list(requests)))
            rows = await db.fetch(
                "SELECT 2 * n + sqrt(n + 0.5)::int * 0 AS n FROM unnest($1::int[]) AS n", list(requests)
            )
            if self.cut:
                self.cut -= 1
                await db.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return [row["n"] for row in rows]
        finally:
            self.in_work[shard] -= 1


@pytest.fixture
def act() -> Act:
    act = Act()
    act.gate.set()
    return act


def batch_of(db: Database, act: Act, **given: float) -> SelfClocked[int, int]:
    return SelfClocked(partial(act, db), name="test", key=lambda n: n, **given)  # type: ignore[arg-type]


DOUBLE = SetAct[int, tuple[int, str]](
    "SELECT $1::smallint AS shard, 2 * x.n + sqrt(x.n + 0.5)::int * 0 AS n,"
    "       pg_current_xact_id()::text AS xact"
    "  FROM unnest($2::int[]) WITH ORDINALITY AS x (n, no) ORDER BY x.no",
    lambda requests: (list(requests),),
    lambda _, row: (row["n"], row["xact"]),
)


def shards_together(db: Database, **given: int) -> SelfClocked[int, tuple[int, str]]:
    together = partial(DOUBLE.together, db)
    return SelfClocked(partial(DOUBLE, db), name="test", key=lambda n: n, together=together, lanes=1, **given)


async def settle() -> None:
    """Let every task that can run, run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_each_caller_gets_its_own_outcome(db: Database, act: Act) -> None:
    batch: Batch[int, int] = batch_of(db, act)
    answers = await asyncio.gather(*(batch.submit(Shard(n % 5), n) for n in range(200)))
    assert answers == [2 * n for n in range(200)]
    assert sum(len(requests) for _, requests in act.batches) == 200


async def test_what_arrives_while_a_batch_commits_is_the_next_one(db: Database, act: Act) -> None:
    batch = batch_of(db, act)
    act.gate.clear()
    first = asyncio.create_task(batch.submit(SHARD, 0))
    await settle()
    rest = [asyncio.create_task(batch.submit(SHARD, n)) for n in range(1, 100)]
    await settle()
    act.gate.set()
    assert await asyncio.gather(first, *rest) == [2 * n for n in range(100)]
    assert [len(requests) for _, requests in act.batches] == [1, 99]


async def test_no_batch_is_larger_than_most(db: Database, act: Act) -> None:
    batch = batch_of(db, act, most=30)
    await asyncio.gather(*(batch.submit(SHARD, n) for n in range(100)))
    assert [len(requests) for _, requests in act.batches] == [30, 30, 30, 10]


async def test_no_more_batches_run_at_once_than_there_are_lanes(db: Database, act: Act) -> None:
    batch = batch_of(db, act, lanes=3)
    await asyncio.gather(*(batch.submit(Shard(n % 20), n) for n in range(400)))
    assert act.most_at_once == 3


async def test_what_waits_in_many_shards_is_committed_together(db: Database) -> None:
    batch = shards_together(db, most_shards=6)
    answers = await asyncio.gather(*(batch.submit(Shard(63 - n % 12), n) for n in range(60)))
    assert [n for n, _ in answers] == [2 * n for n in range(60)]
    xacts = {no: {xact for n, (_, xact) in enumerate(answers) if n % 12 // 6 == no} for no in (0, 1)}
    assert [len(of_six_shards) for of_six_shards in xacts.values()] == [1, 1]
    assert xacts[0].isdisjoint(xacts[1])


async def test_a_batch_of_many_shards_is_no_larger_than_most(db: Database) -> None:
    batch = shards_together(db, most=7)
    answers = await asyncio.gather(*(batch.submit(Shard(n % 4), n) for n in range(20)))
    assert [n for n, _ in answers] == [2 * n for n in range(20)]
    assert max(Counter(xact for _, xact in answers).values()) == 7
    assert batch.waiting == 0


async def test_a_request_breaks_no_other_shard(db: Database) -> None:
    batch = shards_together(db)
    numbers = [*range(20), -1, *range(20, 40)]
    answers = await asyncio.gather(
        *(batch.submit(Shard(abs(n) % 7), n) for n in numbers), return_exceptions=True
    )
    for number, answer in zip(numbers, answers, strict=True):
        if number == -1:
            assert isinstance(answer, asyncpg.PostgresError)
        else:
            assert not isinstance(answer, BaseException)
            assert answer[0] == 2 * number


async def test_two_requests_with_one_key_are_never_in_one_batch(db: Database, act: Act) -> None:
    batch = batch_of(db, act)
    answers = await asyncio.gather(*(batch.submit(SHARD, n) for n in (1, 1, 2, 1, 2)))
    assert answers == [2, 2, 4, 2, 4]
    assert [requests for _, requests in act.batches] == [[1, 2], [1, 2], [1]]


async def test_a_request_that_breaks_its_batch_stands_alone_in_the_end(db: Database, act: Act) -> None:
    batch = batch_of(db, act)
    numbers = [5, -1, *range(10, 40)]
    answers = await asyncio.gather(*(batch.submit(SHARD, n) for n in numbers), return_exceptions=True)
    for number, answer in zip(numbers, answers, strict=True):
        if number == -1:
            assert isinstance(answer, asyncpg.PostgresError)
        else:
            assert answer == 2 * number


async def test_a_batch_whose_connection_dies_is_submitted_again(db: Database, act: Act) -> None:
    act.cut = 2
    batch = batch_of(db, act)
    answers = await asyncio.gather(*(batch.submit(SHARD, n) for n in range(10)))
    assert answers == [2 * n for n in range(10)]
    assert [requests for _, requests in act.batches] == [list(range(10))] * 3


async def test_an_outcome_that_stays_unknown_is_told_as_such(db: Database, act: Act) -> None:
    act.cut = 1_000
    batch = batch_of(db, act, patience_s=0.2)
    with pytest.raises(DatabaseUnavailable):
        await batch.submit(SHARD, 1)
    act.cut = 0
    assert await batch.submit(SHARD, 1) == 2


async def test_a_full_queue_refuses_before_anything_is_begun(db: Database, act: Act) -> None:
    batch = batch_of(db, act, most_waiting=10)
    act.gate.clear()
    first = asyncio.create_task(batch.submit(SHARD, 0))
    await settle()
    waiting = [asyncio.create_task(batch.submit(SHARD, n)) for n in range(1, 11)]
    await settle()
    with pytest.raises(QueueFull):
        await batch.submit(SHARD, 11)
    act.gate.set()
    await asyncio.gather(first, *waiting)
    assert await batch.submit(SHARD, 11) == 22
    assert 11 not in [n for _, requests in act.batches[:-1] for n in requests]


async def test_a_caller_that_leaves_before_its_batch_begins_was_never_there(db: Database, act: Act) -> None:
    batch = batch_of(db, act)
    act.gate.clear()
    first = asyncio.create_task(batch.submit(SHARD, 0))
    await settle()
    gone, stays = (asyncio.create_task(batch.submit(SHARD, n)) for n in (1, 2))
    await settle()
    gone.cancel()
    await settle()
    act.gate.set()
    assert (await first, await stays) == (0, 4)
    assert [requests for _, requests in act.batches] == [[0], [2]]


async def test_a_caller_that_leaves_while_its_batch_runs_leaves_no_hole(db: Database, act: Act) -> None:
    batch = batch_of(db, act)
    act.gate.clear()
    gone, stays = (asyncio.create_task(batch.submit(SHARD, n)) for n in (1, 2))
    await settle()
    gone.cancel()
    await settle()
    act.gate.set()
    assert await stays == 4
    assert act.batches == [(SHARD, [1, 2])]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(-1, 6), st.sampled_from(["stay", "leave now", "leave later"])
        ),
        max_size=60,
    ),
    st.integers(1, 3),
    st.integers(1, 5),
)
async def test_whatever_comes_and_goes_everyone_who_stays_is_answered(
    db: Database, callers: list[tuple[int, int, str]], lanes: int, most: int
) -> None:
    act = Act()
    batch = batch_of(db, act, lanes=lanes, most=most)
    tasks = []
    for shard, number, stays in callers:
        task = asyncio.create_task(batch.submit(Shard(shard), number))
        if stays != "leave now":
            await asyncio.sleep(0)
        if stays != "stay":
            task.cancel()
        tasks.append(task)
    act.gate.set()
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    for (_, number, stays), answer in zip(callers, answers, strict=True):
        if stays != "stay":
            assert isinstance(answer, asyncio.CancelledError)
        elif number == -1:
            assert isinstance(answer, asyncpg.PostgresError)
        else:
            assert answer == 2 * number
    assert batch.waiting == 0
