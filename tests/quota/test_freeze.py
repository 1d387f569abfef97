"""A frozen account moves no more stamps; what is under way ends, and everything is written down."""

from __future__ import annotations

import pytest

from bubuh.core.ids import AccountId, fresh_account_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.refusals import AccountUnknown
from bubuh.outbox.take import take_untold
from bubuh.quota.freeze import FROZEN, MOST_LETTERS
from bubuh.quota.movements import list_movements
from bubuh.quota.refusals import AccountFrozen, ReasonMissing
from tests.quota.desk import Desk, has


async def acts(db: Database, account_id: AccountId) -> list[tuple[str, str, str]]:
    rows = await db.fetch(
        "SELECT act, actor, facts FROM audit_entries WHERE account_id = $1 AND act LIKE 'account.%' "
        "ORDER BY no",
        account_id,
    )
    return [(row["act"], row["actor"], row["facts"]) for row in rows if row["act"] != "account.open"]


async def test_nothing_is_held_or_sent_from_a_frozen_account(desk: Desk) -> None:
    account, other = await desk.account(5), await desk.account()
    assert await desk.freeze(account)
    for refused in (desk.hold(account), desk.transfer(account, other, 1)):
        with pytest.raises(AccountFrozen):
            await refused
    assert await desk.balance(account) == has(free=5, frozen=True)


async def test_what_was_held_before_ends_either_way(desk: Desk) -> None:
    account = await desk.account(5)
    first, second = await desk.hold(account, 2), await desk.hold(account, 1)
    await desk.freeze(account)
    await desk.capture(account, first.id)
    await desk.release(account, second.id)
    assert await desk.balance(account) == has(free=3, frozen=True)
    await desk.assert_balanced()


async def test_a_frozen_account_is_given_stamps_and_sees_its_movements(desk: Desk, db: Database) -> None:
    account, giver = await desk.account(1), await desk.account(2)
    await desk.freeze(account)
    await desk.allot(account, 4)
    await desk.transfer(giver, account, 2)
    assert (await desk.balance(account)).free == 5
    assert len(await list_movements(db, account)) == 2


async def test_a_thawed_account_moves_again(desk: Desk) -> None:
    account = await desk.account(1)
    await desk.freeze(account)
    assert await desk.thaw(account)
    await desk.hold(account)
    assert await desk.balance(account) == has(held=1)


async def test_freezing_twice_is_one_act(desk: Desk, db: Database) -> None:
    account = await desk.account(1)
    assert [await desk.freeze(account), await desk.freeze(account)] == [True, False]
    assert [await desk.thaw(account, "a"), await desk.thaw(account)] == [True, False]
    assert await acts(db, account) == [
        ("account.freeze", "usr_op", '{"reason":"dicurigai"}'),
        ("account.thaw", "usr_op", '{"reason":"a"}'),
    ]


async def test_each_freezing_pages_once(desk: Desk, db: Database) -> None:
    account = await desk.account(1)
    for _ in range(2):
        await desk.freeze(account)
        await desk.freeze(account)
        await desk.thaw(account)
    async with db.transaction() as conn:
        facts = await take_untold(conn, shard_of_account(account), at_most=9)
    assert [dict(fact.facts) for fact in facts if fact.topic == FROZEN] == [
        {"reason": "dicurigai", "actor": "usr_op"}
    ] * 2


async def test_an_account_without_stamps_is_frozen_too(desk: Desk) -> None:
    account = await desk.account()
    assert await desk.freeze(account)
    assert await desk.balance(account) == has(frozen=True)
    assert not await desk.thaw(await desk.account())
    await desk.assert_balanced()


@pytest.mark.parametrize("reason", ["", "  ", "x" * (MOST_LETTERS + 1)])
async def test_an_act_without_a_reason_is_refused(desk: Desk, reason: str) -> None:
    account = await desk.account(1)
    for act in (desk.freeze, desk.thaw):
        with pytest.raises(ReasonMissing):
            await act(account, reason)
    assert await desk.balance(account) == has(free=1)


async def test_nobodys_account_is_not_frozen(desk: Desk) -> None:
    with pytest.raises(AccountUnknown):
        await desk.freeze(fresh_account_id())
    with pytest.raises(AccountUnknown):
        await desk.thaw(fresh_account_id())
