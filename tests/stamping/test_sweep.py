"""What waited too long is given back, a few at a time; a clock that jumps ends next to nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bubuh.core.doubt import HOLD_OFF_S
from bubuh.core.ids import THE_SERVICE, AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.outbox.take import take_untold
from bubuh.stamping import sweep as sweeping
from bubuh.stamping.alarm import SWEPT
from bubuh.stamping.sweep import Sweeper
from tests.quota.desk import Desk, has

DAY_S = 86_400.0


@dataclass
class Clock:
    """A process's own clock, moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db)


async def waiting(desk: Desk, stamps: int) -> AccountId:
    """An account with so many stamps that wait `accepted`, each on a document of its own."""
    account = await desk.account(stamps)
    ids = [fresh_id(account) for _ in range(stamps)]
    outcomes = await desk.db.fetch(
        """SELECT a.outcome
             FROM stamping_accept_n($1, $2::uuid[], array_fill($3::bigint, ARRAY[$4::int]),
                  array_fill('usr'::text, ARRAY[$4]), array_fill(sha256('r'), ARRAY[$4]), $2::uuid[],
                  array_fill(1, ARRAY[$4]), array_fill(1::float8, ARRAY[$4]),
                  array_fill(1::float8, ARRAY[$4]), array_fill(60::float8, ARRAY[$4]),
                  array_fill('t'::text, ARRAY[$4]), array_fill('1'::text, ARRAY[$4]),
                  array_fill('2026-11-22'::date, ARRAY[$4])) AS a""",
        shard_of_account(account),
        ids,
        account,
        stamps,
    )
    assert {row["outcome"] for row in outcomes} == {"done"}
    return account


async def aged(owner_conn: Conn, days: float) -> None:
    """What a clock that jumps forward by `days` makes of all that waits."""
    await owner_conn.execute(
        "UPDATE stamps SET accepted_at = accepted_at - make_interval(days => 1) * $1", days
    )


async def pages(db: Database) -> list[dict[str, object]]:
    async with db.transaction() as conn:
        facts = await take_untold(conn, shard_of_account(THE_SERVICE), at_most=99)
    return [dict(fact.facts) for fact in facts if fact.topic == SWEPT]


async def audited(db: Database) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM audit_entries WHERE act = $1", SWEPT)
    return count


async def test_only_what_waited_too_long_is_returned(desk: Desk, owner_conn: Conn) -> None:
    sweeper = Sweeper(desk.db, wait_s=DAY_S)
    account = await waiting(desk, 2)
    assert await sweeper.sweep() == 0
    await aged(owner_conn, 0.9)
    assert await sweeper.sweep() == 0
    await aged(owner_conn, 0.2)
    assert await sweeper.sweep() == 2
    assert await desk.balance(account) == has(free=2)
    assert await pages(desk.db) == []


async def test_a_clock_that_jumped_ends_a_few_a_pass_and_calls_an_operator(
    desk: Desk, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "MOST_A_PASS", 5)
    accounts = [await waiting(desk, 4) for _ in range(4)]
    await aged(owner_conn, 30)  # before this process began: only the cap can tell
    sweeper = Sweeper(desk.db, wait_s=DAY_S)
    assert [await sweeper.sweep() for _ in range(2)] == [5, 5]
    held = [(await desk.balance(account)).held for account in accounts]
    assert sum(held) == 6
    assert await pages(desk.db) == [{"reason": "more_than_a_pass", "returned": 5}]  # once, not each pass
    assert await audited(desk.db) == 1
    assert [await sweeper.sweep() for _ in range(3)] == [5, 1, 0]
    await desk.assert_balanced()


@pytest.mark.parametrize("jump_s", [2 * DAY_S, -2 * DAY_S])
async def test_a_jump_that_was_seen_ends_nothing_for_an_hour(
    desk: Desk, owner_conn: Conn, jump_s: float
) -> None:
    account = await waiting(desk, 3)
    clock = Clock()
    sweeper = Sweeper(desk.db, wait_s=DAY_S, clock=clock)
    assert await sweeper.sweep() == 0
    await aged(owner_conn, 2)
    clock.now = -jump_s  # the database's clock went on as ours did not
    assert await sweeper.sweep() == 0
    (page,) = await pages(desk.db)
    assert page["reason"] == "clock_jumped"
    assert abs(int(str(page["seconds"])) - jump_s) < 60
    assert await desk.balance(account) == has(held=3)
    assert await sweeper.sweep() == 0
    sweeper._doubt._until_s -= HOLD_OFF_S
    assert await sweeper.sweep() == 3


async def test_time_that_passes_for_both_clocks_is_no_jump(desk: Desk) -> None:
    sweeper = Sweeper(desk.db, wait_s=DAY_S)
    for _ in range(3):
        await sweeper.sweep()
    assert await pages(desk.db) == []
