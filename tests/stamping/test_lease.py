"""Which stamps a worker gets, and whose death is counted."""

from __future__ import annotations

import pytest

from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn
from bubuh.quota.allot import allot
from bubuh.stamping import store
from bubuh.stamping.model import Lease
from bubuh.worker.watch import WATCH_S, Watch
from tests.stamping.conftest import Town


async def deaths(town: Town) -> list[int]:
    rows = await town.db.fetch("SELECT deaths FROM stamps ORDER BY accepted_at")
    return [row["deaths"] for row in rows]


async def test_a_document_with_many_stamps_waiting_holds_up_no_other(town: Town) -> None:
    account = town.citizen.account_id
    async with town.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account), account_id=account, stamps=50, actor="local")
    busy, later = await town.upload(), await town.upload()
    longest, *_ = [(await town.accept(busy, no=str(no))).stamp.id for no in range(40)]
    waiting = (await town.accept(later)).stamp.id

    first = await store.lease_n(town.db, town.citizen.shard, worker="w", most=1, lease_s=30)
    second = await store.lease_n(town.db, town.citizen.shard, worker="w", most=1, lease_s=30)

    assert [lease.stamp_id for lease in first] == [longest]
    assert [lease.stamp_id for lease in second] == [waiting]


async def test_a_worker_that_takes_its_own_again_after_a_pause_did_not_die(town: Town) -> None:
    await town.accept(await town.upload())

    for _ in range(3):
        assert len(await town.lease(worker="w", lease_s=0.0)) == 1

    assert await deaths(town) == [0]


async def test_a_lease_taken_from_another_worker_counts_its_death_and_so_does_a_burial(town: Town) -> None:
    await town.accept(await town.upload())

    await town.lease(worker="one", lease_s=0.0)
    assert await town.lease(worker="two", lease_s=30.0) == []
    await town.take_over(worker="two", lease_s=30.0)
    assert await deaths(town) == [1]
    assert await store.bury(town.db, town.citizen.shard, worker="two") == 1
    (lease,) = await town.lease(worker="two")

    assert await deaths(town) == [2]
    assert lease.fence == 3


async def test_a_clock_that_jumps_takes_no_stamp_from_a_worker_that_lives(
    town: Town, owner_conn: Conn
) -> None:
    """Three jumps of an hour, each between two looks of another worker; the holder renews as ever."""
    shard = town.citizen.shard
    await town.accept(await town.upload())
    held = await town.lease(worker="one", lease_s=15.0)
    now = 0.0
    watch = Watch(town.db, worker="two", clock=lambda: now)

    async def look() -> list[Lease]:
        over = await watch.unrenewed(shard)
        return await store.lease_n(town.db, shard, worker="two", most=9, lease_s=15.0, unrenewed=over)

    for _ in range(3):
        await owner_conn.execute("UPDATE stamps SET lease_until = lease_until - interval '1 hour'")
        assert await look() == []
        assert await store.renew_n(town.db, shard, held, lease_s=15.0) == {held[0].stamp_id}
        now += WATCH_S
        await owner_conn.execute("UPDATE stamps SET lease_until = lease_until - interval '1 hour'")
        assert await look() == []

    assert await deaths(town) == [0]
    now += WATCH_S
    (taken,) = await look()  # nobody renewed it since
    assert (taken.stamp_id, taken.is_suspect) == (held[0].stamp_id, True)
    assert await deaths(town) == [1]


async def test_a_lease_renewed_after_it_was_seen_to_be_over_is_not_taken(town: Town) -> None:
    await town.accept(await town.upload())
    held = await town.lease(worker="one", lease_s=0.0)
    over = await store.list_overdue(town.db, town.citizen.shard, worker="two", most=9)
    await store.renew_n(town.db, town.citizen.shard, held, lease_s=0.0)  # over again at once, and another

    taken = await store.lease_n(
        town.db, town.citizen.shard, worker="two", most=9, lease_s=30.0, unrenewed=over
    )

    assert (len(over), taken) == (1, [])


@pytest.mark.parametrize(("wait_s", "leased"), [(0.0, 1), (30.0, 0)])
async def test_a_lease_given_back_comes_again_when_its_wait_is_over_and_is_no_death(
    town: Town, wait_s: float, leased: int
) -> None:
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    await store.yield_n(town.db, town.citizen.shard, [lease], wait_s=wait_s)

    assert len(await town.lease(worker="two")) == leased
    assert await deaths(town) == [0]
