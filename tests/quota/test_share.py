"""A child account lives on its parent's stamps, up to a limit: no more, no longer, and nobody else's."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bubuh.core.ids import AccountId, child_account_id, fresh_account_id, fresh_id, show_account
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.refusals import AccountUnknown, IdempotencyConflict
from bubuh.quota import store
from bubuh.quota.model import Balance, MovementKind, Outcome, OwnShare, Purpose, Sink, WantedHold
from bubuh.quota.movements import list_movements
from bubuh.quota.refusals import (
    MOST_STAMPS,
    AccountFrozen,
    ChildAccount,
    HoldEnded,
    HoldUnknown,
    LimitOutOfRange,
    LimitTooLow,
    NameOutOfRange,
    QuotaExhausted,
    ShareUnknown,
)
from bubuh.quota.share import MOST_LETTERS, find_share, list_shares
from tests.quota.desk import Desk, has


def left(parent_id: AccountId, free: int, *, limit: int, held: int = 0, used: int = 0) -> Balance:
    """What a child sees."""
    share = OwnShare(parent_id=parent_id, limit=limit, closed=False)
    return Balance(free=free, held=held, used=used, in_transit=0, frozen=False, share=share)


async def test_a_child_uses_its_parents_stamps(desk: Desk) -> None:
    parent = await desk.account(5)
    child = await desk.child(parent, 3)
    assert shard_of_account(child) == shard_of_account(parent)
    assert await desk.balance(child) == left(parent, 3, limit=3)
    one, two = await desk.hold(child), await desk.hold(child)
    assert (two.free, two.held) == (1, 2)
    assert await desk.balance(parent) == has(free=3, held=2)
    captured = await desk.capture(child, one.id, Sink.USED)
    assert (captured.free, captured.held) == (1, 1)
    await desk.release(child, two.id)
    assert await desk.balance(parent) == has(free=4)
    assert await desk.balance(child) == left(parent, 2, limit=3, used=1)
    share = await find_share(desk.db, parent_id=parent, child_id=child)
    assert (share.name, share.limit, share.held, share.used, share.left) == ("Cabang", 3, 0, 1, 2)


async def test_the_limit_holds_and_what_was_used_counts_for_good(desk: Desk) -> None:
    parent = await desk.account(9)
    child = await desk.child(parent, 2)
    await desk.capture(child, (await desk.hold(child)).id)
    held = await desk.hold(child, 2)
    with pytest.raises(QuotaExhausted) as refused:
        await desk.hold(child)
    assert dict(refused.value.details) == {"wanted": 1, "free": 0}
    await desk.release(child, held.id)
    assert (await desk.balance(child)).free == 2  # paid back, the first counts no longer
    assert (await desk.balance(parent)).free == 8


async def test_a_parent_without_stamps_leaves_its_child_none(desk: Desk) -> None:
    parent = await desk.account(1)
    child = await desk.child(parent, 100)
    with pytest.raises(QuotaExhausted):
        await desk.hold(child, 2)
    await desk.hold(parent)
    assert (await desk.balance(child)).free == 0
    with pytest.raises(QuotaExhausted):
        await desk.hold(child)
    await desk.assert_balanced()


async def test_both_sides_see_each_movement(desk: Desk) -> None:
    parent = await desk.account(5)
    child = await desk.child(parent, 3)
    used, back = await desk.hold(child), await desk.hold(child)
    await desk.capture(child, used.id)
    await desk.release(child, back.id)
    k = MovementKind
    seen = [
        [(m.kind, m.debit, m.credit, m.ref, m.counter_account_id) for m in await list_movements(desk.db, one)]
        for one in (child, parent)
    ]
    assert seen[0] == [
        (k.RELEASE, "held", "shared", back.id, parent),
        (k.CAPTURE, "held", "paid_back", used.id, parent),
        (k.HOLD, "shared", "held", back.id, parent),
        (k.HOLD, "shared", "held", used.id, parent),
    ]
    assert seen[1][:-1] == [
        (k.RELEASE, "held", "free", back.id, child),
        (k.CAPTURE, "held", "shared", used.id, child),
        (k.HOLD, "free", "held", back.id, child),
        (k.HOLD, "free", "held", used.id, child),
    ]
    await desk.assert_balanced()


async def test_a_limit_is_raised_lowered_and_closed(desk: Desk) -> None:
    parent = await desk.account(9)
    child = await desk.child(parent, 2)
    held = await desk.hold(child, 2)
    assert (await desk.change_share(parent, child, limit=5)).left == 3
    with pytest.raises(LimitTooLow) as refused:
        await desk.change_share(parent, child, limit=1)
    assert dict(refused.value.details) == {"limit": 1, "counted": 2}
    share = await desk.change_share(parent, child, limit=2, closed=True)
    assert (share.limit, share.left, share.closed) == (2, 0, True)
    assert (await desk.balance(child)).free == 0
    await desk.release(child, held.id)
    assert (await desk.balance(parent)).free == 9
    with pytest.raises(QuotaExhausted):
        await desk.hold(child)
    assert (await desk.change_share(parent, child, closed=False)).left == 2
    await desk.hold(child, 2)
    await desk.assert_balanced()


async def test_the_same_again_opens_nothing_more_and_another_asking_is_refused(
    desk: Desk, db: Database
) -> None:
    parent = await desk.account(3)
    child = await desk.child(parent, 2)
    await desk.change_share(parent, child, limit=3)
    assert await desk.child(parent, 2) == child
    assert [share.limit for share in await list_shares(db, parent)] == [3]
    for limit, name in ((3, "Cabang"), (2, "Lain")):
        with pytest.raises(IdempotencyConflict):
            await desk.child(parent, limit, name=name)
    acts = "SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no"
    changed = [row["act"] for row in await db.fetch(acts, parent)]
    assert changed == ["account.open", "quota.allot", "quota.share", "quota.share_change"]


async def test_what_is_out_of_range_is_refused(desk: Desk) -> None:
    parent = await desk.account(1)
    for limit in (-1, MOST_STAMPS + 1):
        with pytest.raises(LimitOutOfRange):
            await desk.child(parent, limit)
    for name in ("", "x" * (MOST_LETTERS + 1), "a\nb"):
        with pytest.raises(NameOutOfRange):
            await desk.child(parent, 1, name=name)
    child = await desk.child(parent, 0)
    with pytest.raises(LimitOutOfRange):
        await desk.change_share(parent, child, limit=-1)
    with pytest.raises(AccountUnknown):
        await desk.child(fresh_account_id(), 1)


async def test_a_child_shares_nothing_on_and_buys_gets_and_gives_nothing(desk: Desk) -> None:
    parent, other = await desk.account(5), await desk.account(5)
    child = await desk.child(parent, 3)
    with pytest.raises(ChildAccount) as refused:
        await desk.child(child, 1)
    assert refused.value.details["account"] == show_account(child)
    with pytest.raises(ChildAccount):
        await desk.allot(child, 1)
    for giver, receiver in ((child, other), (other, child), (parent, child)):
        with pytest.raises(ChildAccount):
            await desk.transfer(giver, receiver, 1)
    await desk.assert_balanced()


async def test_not_even_a_hand_gives_a_child_stamps_or_lets_it_past_its_limit(
    desk: Desk, owner_conn: Conn
) -> None:
    child = await desk.child(await desk.account(5), 3)
    for change, constraint in (("free = 1", "child_owns_nothing"), ("held = 4", "share_limit_kept")):
        with pytest.raises(Exception, match=constraint):
            await owner_conn.execute(f"UPDATE quota_balances SET {change} WHERE account_id = $1", child)


async def test_another_accounts_child_does_not_exist(desk: Desk) -> None:
    parent, stranger = await desk.account(5), await desk.account(5)
    child = await desk.child(parent, 3)
    with pytest.raises(ShareUnknown):
        await desk.change_share(stranger, child, limit=9)
    with pytest.raises(ShareUnknown):
        await desk.change_share(parent, stranger, closed=True)
    with pytest.raises(ShareUnknown):
        await find_share(desk.db, parent_id=stranger, child_id=child)
    assert await list_shares(desk.db, stranger) == []


async def test_nobody_ends_what_another_of_the_family_holds(desk: Desk) -> None:
    parent = await desk.account(5)
    child, sibling = await desk.child(parent, 3), await desk.child(parent, 3, key="adik")
    childs, parents = await desk.hold(child), await desk.hold(parent)
    for who, hold in ((sibling, childs), (parent, childs), (child, parents), (sibling, parents)):
        with pytest.raises(HoldUnknown):
            await desk.release(who, hold.id)
        with pytest.raises(HoldUnknown):
            await desk.capture(who, hold.id)
    with pytest.raises(IdempotencyConflict):
        await desk.hold(parent, hold_id=childs.id)
    with pytest.raises(IdempotencyConflict):
        await desk.hold(sibling, hold_id=childs.id)
    await desk.release(child, childs.id)
    with pytest.raises(HoldEnded):
        await desk.capture(child, childs.id)
    await desk.assert_balanced()


async def test_a_frozen_parent_or_child_holds_nothing_and_ends_what_it_holds(desk: Desk) -> None:
    parent = await desk.account(5)
    child, sibling = await desk.child(parent, 3), await desk.child(parent, 3, key="adik")
    held = await desk.hold(child)
    assert await desk.freeze(child)
    with pytest.raises(AccountFrozen):
        await desk.hold(child)
    await desk.hold(sibling)
    await desk.capture(child, held.id)
    await desk.thaw(child)
    await desk.freeze(parent)
    assert (await desk.balance(child)).frozen
    for one in (child, sibling):
        with pytest.raises(AccountFrozen):
            await desk.hold(one)


async def test_a_batch_of_a_whole_family_is_served_in_one_go(desk: Desk, db: Database) -> None:
    """Own ones first, then child by child, each until its limit or the parent's last stamp."""
    parent, alone = await desk.account(4), await desk.account(1)
    small = await desk.child(parent, 1)
    large = await desk.child(parent, 9, key="besar")
    shard = shard_of_account(parent)
    who = [large, small, small, parent, large, large, large]
    if shard_of_account(alone) == shard:
        who.append(alone)
    wanted = [WantedHold(id=fresh_id(one), account_id=one, stamps=1, actor="usr") for one in who]
    results = await store.hold_n(db, shard, wanted, purpose=Purpose.REFUND)
    done = [(want.account_id, one.outcome) for want, one in zip(wanted, results, strict=True)]
    first, second = (1, 2) if small < large else (0, 3)
    assert done.count((small, Outcome.DONE)) == first
    assert done.count((large, Outcome.DONE)) == second
    assert (parent, Outcome.DONE) in done
    assert await desk.balance(parent) == has(free=0, held=4)
    again = await store.hold_n(db, shard, wanted, purpose=Purpose.REFUND)
    for before, after in zip(results, again, strict=True):
        assert after.outcome is (
            Outcome.ALREADY_DONE if before.outcome is Outcome.DONE else Outcome.EXHAUSTED
        )
    await desk.assert_balanced()


async def test_children_and_parents_at_once_never_wait_for_each_other_in_a_ring(desk: Desk) -> None:
    """Locks are taken in the order of accounts, parents among them; limits hold among the many."""
    parent = await desk.account(30)
    children = [await desk.child(parent, 7, key=str(number)) for number in range(3)]

    async def try_hold(account_id: AccountId) -> bool:
        try:
            await desk.hold(account_id)
        except QuotaExhausted:
            return False
        return True

    served = await asyncio.gather(*(try_hold(one) for one in [parent, *children] * 10))
    assert sum(served) == 30
    for child in children:
        assert (await desk.balance(child)).held <= 7
    await desk.assert_balanced()


def test_a_childs_id_is_its_keys_and_of_its_parents_shard() -> None:
    parent = fresh_account_id()
    below = partial(child_account_id, parent, "POST /v1/quota/shares")
    assert below("a") == below("a") != below("b")
    assert len({below(str(number)) for number in range(1_000)}) == 1_000
    for number in range(1_000):
        child = below(str(number))
        assert 0 < child < 1 << 62
        assert shard_of_account(child) == shard_of_account(parent)
