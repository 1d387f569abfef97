from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.refusals import AccountUnknown, IdempotencyConflict
from bubuh.quota import store
from bubuh.quota.model import Outcome, Purpose, Sink, WantedEnd, WantedHold
from bubuh.quota.moves import MOVES, HoldState
from bubuh.quota.refusals import (
    MOST_STAMPS,
    AccountFrozen,
    HoldEnded,
    HoldUnknown,
    QuotaExhausted,
    StampsOutOfRange,
)
from tests.quota.desk import Desk, has


async def test_stamps_go_from_free_to_held_to_used(desk: Desk, db: Database) -> None:
    account = await desk.account(5)
    held = await desk.hold(account, 2)
    assert (held.outcome, held.free, held.held, held.replayed) == (Outcome.DONE, 3, 2, False)
    await desk.capture(account, held.id, Sink.USED)
    assert await desk.balance(account) == has(free=3, used=2)


async def test_released_stamps_are_free_again(desk: Desk) -> None:
    account = await desk.account(5)
    held = await desk.hold(account, 2)
    await desk.release(account, held.id)
    assert await desk.balance(account) == has(free=5)
    await desk.assert_balanced()


async def test_an_account_without_stamps_has_nothing(desk: Desk) -> None:
    assert await desk.balance(await desk.account()) == has()
    assert await desk.balance(fresh_account_id()) == has()


async def test_not_enough_says_how_many_are_free(desk: Desk) -> None:
    account = await desk.account(2)
    with pytest.raises(QuotaExhausted) as refused:
        await desk.hold(account, 3)
    assert refused.value.details == {"wanted": 3, "free": 2}
    assert refused.value.transient
    assert await desk.balance(account) == has(free=2)


async def test_a_refusal_is_not_remembered(desk: Desk) -> None:
    account = await desk.account(0)
    hold_id = fresh_id(account)
    with pytest.raises(QuotaExhausted):
        await desk.hold(account, 1, hold_id)
    await desk.allot(account, 1)
    assert (await desk.hold(account, 1, hold_id)).outcome is Outcome.DONE


async def test_repeating_changes_nothing(desk: Desk) -> None:
    account = await desk.account(5)
    hold_id, ref = fresh_id(account), fresh_id(account)
    assert [(await desk.allot(account, 2, ref)).replayed for _ in range(3)] == [False, True, True]
    assert [(await desk.hold(account, 2, hold_id)).replayed for _ in range(3)] == [False, True, True]
    assert [(await desk.capture(account, hold_id)).replayed for _ in range(3)] == [False, True, True]
    assert (await desk.hold(account, 2, hold_id)).replayed  # ended, and still the same hold
    assert await desk.balance(account) == has(free=5)


async def test_an_id_stands_for_one_number_of_stamps(desk: Desk) -> None:
    account = await desk.account(5)
    hold_id, ref = fresh_id(account), fresh_id(account)
    await desk.allot(account, 2, ref)
    await desk.hold(account, 2, hold_id)
    with pytest.raises(IdempotencyConflict):
        await desk.allot(account, 3, ref)
    with pytest.raises(IdempotencyConflict):
        await desk.hold(account, 3, hold_id)
    assert await desk.balance(account) == has(free=5, held=2)


async def test_a_hold_ends_one_way(desk: Desk) -> None:
    account = await desk.account(5)
    captured, released = await desk.hold(account), await desk.hold(account)
    await desk.capture(account, captured.id)
    await desk.release(account, released.id)
    with pytest.raises(HoldEnded) as refused:
        await desk.release(account, captured.id)
    assert refused.value.details["state"] == "captured"
    with pytest.raises(HoldEnded) as refused:
        await desk.capture(account, released.id)
    assert refused.value.details["state"] == "released"
    assert await desk.balance(account) == has(free=4)


async def test_anothers_hold_is_unknown(desk: Desk) -> None:
    mine, theirs = await desk.account(5), await desk.account(5)
    held = await desk.hold(theirs)
    for account, hold_id in ((mine, held.id), (mine, fresh_id(mine)), (fresh_account_id(), held.id)):
        with pytest.raises(HoldUnknown):
            await desk.capture(account, hold_id)
        with pytest.raises(HoldUnknown):
            await desk.release(account, hold_id)
    assert await desk.balance(theirs) == has(free=4, held=1)


async def test_a_frozen_account_holds_nothing_new_and_ends_what_it_held(desk: Desk, owner_conn: Conn) -> None:
    account = await desk.account(5)
    used, given_back = await desk.hold(account), await desk.hold(account)
    await owner_conn.execute("UPDATE quota_balances SET frozen_at = now()")
    with pytest.raises(AccountFrozen):
        await desk.hold(account)
    assert (await desk.hold(account, 1, used.id)).replayed  # what was done stays done
    await desk.capture(account, used.id)
    await desk.release(account, given_back.id)
    await desk.allot(account, 1)
    assert await desk.balance(account) == has(free=5, frozen=True)


@pytest.mark.parametrize("stamps", [0, -1, -(2**63), MOST_STAMPS + 1, 2**80])
async def test_a_number_out_of_range_is_refused_before_the_database_sees_it(desk: Desk, stamps: int) -> None:
    account = await desk.account(5)
    for act in (desk.allot, desk.hold):
        with pytest.raises(StampsOutOfRange) as refused:
            await act(account, stamps)
        assert refused.value.pointer == "/stamps"
    assert await desk.balance(account) == has(free=5)


async def test_nothing_is_allotted_to_nobody(desk: Desk, db: Database) -> None:
    with pytest.raises(AccountUnknown):
        await desk.allot(fresh_account_id(), 1)
    assert await db.fetchval("SELECT count(*) FROM quota_balances") == 0


async def test_an_allotment_is_audited_once(desk: Desk, db: Database) -> None:
    account = await desk.account()
    ref = fresh_id(account)
    for _ in range(2):
        await desk.allot(account, 7, ref)
    entries = await db.fetch("SELECT actor, facts FROM audit_entries WHERE act = 'quota.allot'")
    assert [(row["actor"], msgspec.json.decode(row["facts"])) for row in entries] == [
        ("local", {"ref": str(ref), "stamps": 7})
    ]


async def test_a_batch_answers_in_the_order_it_was_asked(desk: Desk, db: Database) -> None:
    """Requests of one account share what it has, first come, first served; a smaller one may still fit."""
    first = await desk.account(3)
    second = AccountId(first ^ 64)  # of the same shard
    wanted = [
        WantedHold(id=fresh_id(first), account_id=account, stamps=stamps, actor="usr")
        for account, stamps in ((first, 2), (second, 1), (first, 2), (first, 1))
    ]
    shard = shard_of_account(first)
    results = await store.hold_n(db, shard, wanted, purpose=Purpose.REFUND)
    assert [result.id for result in results] == [want.id for want in wanted]
    assert [result.outcome for result in results] == [
        Outcome.DONE,
        Outcome.EXHAUSTED,
        Outcome.EXHAUSTED,
        Outcome.DONE,
    ]


async def test_64_want_the_last_stamp_and_one_gets_it(desk: Desk) -> None:
    account = await desk.account(1)
    answers = await asyncio.gather(*(desk.hold(account) for _ in range(64)), return_exceptions=True)
    won = [answer for answer in answers if not isinstance(answer, BaseException)]
    lost = [answer for answer in answers if isinstance(answer, QuotaExhausted)]
    assert (len(won), len(lost)) == (1, 63)
    assert await desk.balance(account) == has(held=1)
    await desk.assert_balanced()


async def test_20_requests_with_one_id_are_one(desk: Desk) -> None:
    account, other = await desk.account(5), await desk.account()
    hold_id, ref = fresh_id(account), fresh_id(other)
    held = await asyncio.gather(*(desk.hold(account, 1, hold_id) for _ in range(20)))
    allotted = await asyncio.gather(*(desk.allot(other, 3, ref) for _ in range(20)))
    for results in (held, allotted):
        assert sorted(result.replayed for result in results) == [False] + [True] * 19
    assert await desk.balance(account) == has(free=4, held=1)
    assert await desk.balance(other) == has(free=3)


async def test_capture_and_release_at_once_end_a_hold_once(desk: Desk) -> None:
    account = await desk.account(20)
    holds = [await desk.hold(account) for _ in range(20)]
    asked = [act(account, held.id) for held in holds for act in (desk.capture, desk.release)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, HoldEnded)]) == 20
    balance = await desk.balance(account)
    assert balance.held == 0
    await desk.assert_balanced()


async def test_batches_over_the_same_accounts_never_deadlock(desk: Desk, db: Database) -> None:
    """Locks are taken in account order, whatever the order of the requests."""
    chance = random.Random(7)
    base = await desk.account()
    accounts = [AccountId(base % 64 + 64 * number) for number in range(1, 9)]
    shard = shard_of_account(accounts[0])

    async def hold_and_end() -> None:
        chance.shuffle(accounts)
        wanted = [
            WantedHold(id=fresh_id(account), account_id=account, stamps=1, actor="usr")
            for account in accounts
        ]
        await store.hold_n(db, shard, wanted, purpose=Purpose.REFUND)
        ends = [WantedEnd(id=want.id, account_id=want.account_id, actor="usr") for want in reversed(wanted)]
        await store.release_n(db, shard, ends)

    async with db.connection() as conn:
        for account in accounts:
            await conn.fetch(
                "SELECT quota_allot_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[100::bigint], "
                "ARRAY['minted'], ARRAY['local'])",
                shard,
                fresh_id(account),
                account,
            )
    await asyncio.gather(*(hold_and_end() for _ in range(40)))
    await desk.assert_balanced()


async def test_the_database_knows_the_states_the_table_of_moves_knows(conn: Conn) -> None:
    check = await conn.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'quota_holds_state_known'"
    )
    assert {state for state in HoldState if f"'{state}'" in check} == set(MOVES)
    assert check.count("::text") == len(MOVES)
