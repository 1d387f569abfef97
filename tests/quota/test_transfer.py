from __future__ import annotations

import asyncio

import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.outbox.model import Fact
from bubuh.outbox.take import take_untold
from bubuh.outbox.told import mark_told
from bubuh.quota import store
from bubuh.quota.model import Leg, WantedLeg
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted, ReceiverUnknown, SameAccount, StampsOutOfRange
from bubuh.quota.transfer import TRANSFERRED, deliver_transfer
from tests.quota.desk import Desk, has


async def on_its_way(db: Database, giver: AccountId) -> Fact:
    shard = shard_of_account(giver)
    async with db.transaction() as conn:
        (fact,) = [fact for fact in await take_untold(conn, shard, at_most=9) if fact.topic == TRANSFERRED]
    return fact


async def test_stamps_go_from_one_account_to_another(desk: Desk, db: Database) -> None:
    giver = await desk.account(5)
    receiver = await desk.account_elsewhere(giver)
    await desk.transfer(giver, receiver, 3)
    assert (await desk.balance(giver), await desk.balance(receiver)) == (has(free=2, in_transit=3), has())
    await desk.assert_balanced()
    fact = await on_its_way(db, giver)
    await deliver_transfer(db, fact)
    assert (await desk.balance(giver), await desk.balance(receiver)) == (has(free=2), has(free=3))
    async with db.transaction() as conn:
        assert await mark_told(conn, fact.shard, [fact]) == 1
    await desk.assert_balanced()


async def test_a_transfer_cut_after_any_step_arrives_once(desk: Desk, db: Database) -> None:
    giver = await desk.account(5)
    receiver = await desk.account_elsewhere(giver)
    result = await desk.transfer(giver, receiver, 3)
    fact = await on_its_way(db, giver)
    arrival = WantedLeg(ref=result.id, account_id=receiver, counter_account_id=giver, stamps=3, actor="usr")
    await store.transfer_n(db, shard_of_account(receiver), [arrival], leg=Leg.IN)  # and died
    assert (await desk.balance(giver)).in_transit == 3
    await desk.assert_balanced()
    for _ in range(3):  # and died before the fact was marked told, twice
        await deliver_transfer(db, fact)
    assert (await desk.balance(giver), await desk.balance(receiver)) == (has(free=2), has(free=3))
    await desk.assert_balanced()


async def test_a_transfer_delivered_by_many_at_once_arrives_once(desk: Desk, db: Database) -> None:
    giver = await desk.account(5)
    receiver = await desk.account_elsewhere(giver)
    await desk.transfer(giver, receiver, 5)
    fact = await on_its_way(db, giver)
    await asyncio.gather(*(deliver_transfer(db, fact) for _ in range(10)))
    assert (await desk.balance(giver), await desk.balance(receiver)) == (has(), has(free=5))


async def test_a_transfer_asked_for_again_is_the_same(desk: Desk, db: Database) -> None:
    giver = await desk.account(5)
    receiver, ref = await desk.account(), fresh_id(giver)
    assert [(await desk.transfer(giver, receiver, 2, ref)).replayed for _ in range(3)] == [False, True, True]
    await on_its_way(db, giver)  # one fact
    for other, stamps in ((receiver, 3), (await desk.account(), 2)):
        with pytest.raises(IdempotencyConflict):
            await desk.transfer(giver, other, stamps, ref)
    assert await desk.balance(giver) == has(free=3, in_transit=2)


async def test_a_refused_transfer_sends_nothing(desk: Desk, db: Database, owner_conn: Conn) -> None:
    giver, receiver = await desk.account(2), await desk.account()
    with pytest.raises(QuotaExhausted) as refused:
        await desk.transfer(giver, receiver, 3)
    assert refused.value.details == {"wanted": 3, "free": 2}
    with pytest.raises(SameAccount):
        await desk.transfer(giver, giver, 1)
    with pytest.raises(ReceiverUnknown):
        await desk.transfer(giver, fresh_account_id(), 1)
    with pytest.raises(StampsOutOfRange):
        await desk.transfer(giver, receiver, 0)
    await owner_conn.execute("UPDATE quota_balances SET frozen_at = now()")
    with pytest.raises(AccountFrozen):
        await desk.transfer(giver, receiver, 1)
    assert await desk.balance(giver) == has(free=2, frozen=True)
    assert await db.fetchval("SELECT count(*) FROM outbox_facts") == 0
    await desk.assert_balanced()


async def test_a_transfer_and_its_fact_are_written_together_or_not_at_all(desk: Desk, db: Database) -> None:
    giver, receiver = await desk.account(2), await desk.account()

    async def send_and_fail() -> None:
        async with db.transaction() as conn:
            leg = WantedLeg(
                ref=fresh_id(giver), account_id=giver, counter_account_id=receiver, stamps=1, actor="usr"
            )
            await store.transfer_n(conn, shard_of_account(giver), [leg], leg=Leg.OUT)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await send_and_fail()
    assert await desk.balance(giver) == has(free=2)


async def test_a_fact_that_lies_is_our_own_mistake(desk: Desk, db: Database) -> None:
    """A number that differs from what was sent stops the delivery instead of making stamps twice."""
    giver, receiver = await desk.account(5), await desk.account()
    await desk.transfer(giver, receiver, 2)
    fact = await on_its_way(db, giver)
    await deliver_transfer(db, fact)
    lie = Fact(
        account_id=fact.account_id,
        topic=fact.topic,
        subject=fact.subject,
        facts={**fact.facts, "stamps": 3},
        published_at=fact.published_at,
        attempts=0,
    )
    with pytest.raises(AssertionError):
        await deliver_transfer(db, lie)
    assert await desk.balance(receiver) == has(free=2)
