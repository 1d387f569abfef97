"""The watch finds in what moved what the full reconciliation finds; a breach is answered once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bubuh.adapters.object_store import LocalObjects
from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.documents.check import StoredRevisions
from bubuh.documents.keys import StoreKey
from bubuh.outbox.take import take_untold
from bubuh.quota import store, watch
from bubuh.quota.breach import BREACHED
from bubuh.quota.invariants import LATE, Difference, Invariant, Scope
from bubuh.quota.look_over import look_over
from bubuh.quota.model import Source, WantedAllotment
from bubuh.quota.reconcile import ask
from bubuh.quota.standing import StandingBoard, find_standing
from bubuh.quota.watch import watch_shard
from tests.quota.breaches import BREACHES, Breach
from tests.quota.desk import Desk, has
from tests.quota.story import Story, ask_refunds, tell_story
from tests.quota.test_reconcile import broken

I = Invariant  # noqa: E741 - said often below
WAIT_S = 86_400.0


@pytest.fixture
async def story(desk: Desk, signer_conn: Conn, owner_conn: Conn) -> Story:
    story = await tell_story(desk, signer_conn)
    await ask_refunds(owner_conn)
    return story


async def passed(db: Database, *shards: Shard, patrol: bool = True) -> list[Difference]:
    """One pass over the shards, whether it is time or not."""
    return [
        difference
        for shard in shards
        for difference in await watch_shard(
            db, shard, accept_wait_s=WAIT_S, every_s=0, patrol_every_s=0 if patrol else 1e6
        )
    ]


async def moved_on(owner_conn: Conn) -> None:
    """As if the time had passed in which something may still be committed."""
    await owner_conn.execute("ALTER TABLE quota_transfers DISABLE TRIGGER USER")
    await owner_conn.execute("UPDATE quota_transfers SET recorded_at = recorded_at - interval '5 minutes'")
    await owner_conn.execute("ALTER TABLE quota_transfers ENABLE TRIGGER USER")


async def pages(db: Database, shard: Shard) -> list[dict[str, object]]:
    async with db.transaction() as conn:
        facts = await take_untold(conn, shard, at_most=99)
    return [dict(fact.facts) for fact in facts if fact.topic == BREACHED]


async def acts(db: Database, account_id: AccountId) -> list[str]:
    rows = await db.fetch("SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no", account_id)
    return [row["act"] for row in rows]


async def test_a_healthy_life_is_watched_and_nothing_found(story: Story, db: Database) -> None:
    assert await passed(db, *ALL_SHARDS) == []
    assert await passed(db, *ALL_SHARDS) == []
    assert not (await db.fetchval("SELECT count(*) FROM quota_breaches"))


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.what)
async def test_a_breach_is_found_in_what_moved_and_answered(
    story: Story, db: Database, owner_conn: Conn, breach: Breach
) -> None:
    await broken(owner_conn, story, breach.statement)
    found = {each.invariant for each in await passed(db, story.shard, patrol=False)}
    assert found == breach.named
    assert {each["invariant"] for each in await pages(db, story.shard)} == breach.named
    balances = [await Desk(db).balance(one) for one in (story.account_id, story.parent_id, story.child_id)]
    assert any(balance.frozen for balance in balances) == bool(breach.named - LATE - {I.AUDIT_CHAIN_WHOLE})
    open_now = await store.list_open_breaches(db, story.shard, found_by=None, at_most=99)
    assert {each.invariant for each in open_now} == breach.named


@pytest.mark.parametrize(
    "breach",
    # not a balance that is gone: the walk goes by balances, and the full reconciliation finds that one
    [each for each in BREACHES if each.what.startswith(("a balance no", "stamps on their way", "a hold"))],
    ids=lambda breach: breach.what,
)
async def test_what_a_hand_changed_later_is_found_by_the_walk(
    story: Story, db: Database, owner_conn: Conn, breach: Breach
) -> None:
    await passed(db, story.shard)
    await moved_on(owner_conn)
    await passed(db, story.shard)
    await broken(owner_conn, story, breach.statement)
    assert await passed(db, story.shard, patrol=False) == []
    assert {each.invariant for each in await passed(db, story.shard)} == breach.named


async def test_a_breach_is_answered_once_and_again_after_it_was_gone(
    desk: Desk, db: Database, owner_conn: Conn
) -> None:
    account = await desk.account(3)
    shard = shard_of_account(account)
    tamper = "UPDATE quota_balances SET free = free + $1 WHERE account_id = $2"
    await owner_conn.execute(tamper, 1, account)
    for _ in range(3):
        (difference,) = await passed(db, shard)
    assert difference.expected.startswith("free 3,")
    assert len(await pages(db, shard)) == 1
    assert (await acts(db, account))[-2:] == ["account.freeze", "ledger.breach"]
    await desk.thaw(account)
    await passed(db, shard)
    assert await desk.balance(account) == has(free=4)  # thawed knowingly: not frozen again
    await owner_conn.execute(tamper, -1, account)
    assert await passed(db, shard) == []
    assert await store.list_open_breaches(db, shard, found_by=None, at_most=9) == []
    await owner_conn.execute(tamper, 1, account)
    assert len(await passed(db, shard)) == 1
    assert (await desk.balance(account)).frozen
    assert len(await pages(db, shard)) == 1


async def test_only_the_account_concerned_is_frozen(desk: Desk, db: Database, owner_conn: Conn) -> None:
    account, other = await desk.account(3), await desk.account(3)
    await owner_conn.execute("UPDATE quota_balances SET free = 9 WHERE account_id = $1", account)
    await passed(db, *{shard_of_account(account), shard_of_account(other)})
    assert ((await desk.balance(account)).frozen, (await desk.balance(other)).frozen) == (True, False)


async def test_what_is_late_pages_once_a_shard_and_freezes_nobody(
    story: Story, db: Database, owner_conn: Conn
) -> None:
    await owner_conn.execute("UPDATE outbox_facts SET published_at = now() - interval '2 minutes'")
    await owner_conn.execute("UPDATE stamps SET lease_until = NULL WHERE state = 'processing'")
    for _ in range(2):
        assert {each.invariant for each in await passed(db, story.shard)} == {
            I.OUTBOX_FRESH,
            I.PROCESSING_HAS_LEASE,
        }
    assert len(await pages(db, story.shard)) == 2
    assert not (await Desk(db).balance(story.account_id)).frozen
    await owner_conn.execute("UPDATE outbox_facts SET published_at = now()")
    await owner_conn.execute("UPDATE stamps SET lease_until = now() WHERE state = 'processing'")
    assert await passed(db, story.shard) == []
    assert await store.list_open_breaches(db, story.shard, found_by=None, at_most=9) == []


async def test_one_worker_passes_at_a_time_and_only_where_something_is_due(desk: Desk, db: Database) -> None:
    account = await desk.account(3)
    shard = shard_of_account(account)
    assert await store.take_watch(db, shard, every_s=9, patrol_every_s=300) is not None
    assert await store.take_watch(db, shard, every_s=9, patrol_every_s=300) is None
    quiet = next(each for each in ALL_SHARDS if each != shard)
    assert await passed(db, quiet) == []
    assert await store.take_watch(db, quiet, every_s=0, patrol_every_s=300) is None
    assert await store.take_watch(db, shard, every_s=0, patrol_every_s=300) is not None


async def test_a_clock_that_stepped_back_stops_no_pass(desk: Desk, db: Database, owner_conn: Conn) -> None:
    account = await desk.account(3)
    shard = shard_of_account(account)
    await owner_conn.execute(
        "UPDATE quota_watch SET taken_at = now() + interval '1 day', passed_at = now() + interval '1 day', "
        "patrolled_at = now() + interval '1 day', read_to = now() + interval '1 day'"
    )
    await owner_conn.execute("UPDATE quota_balances SET free = 9 WHERE account_id = $1", account)
    found = await watch_shard(db, shard, accept_wait_s=WAIT_S)
    assert [each.invariant for each in found] == [I.CONSERVATION]


async def test_more_than_a_pass_can_read_is_read_by_the_next(
    desk: Desk, db: Database, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST_MOVED", 4)
    account = await desk.account()
    shard = shard_of_account(account)
    neighbours = [AccountId(account + 64 * number) for number in range(1, 7)]
    for each in neighbours:
        wanted = WantedAllotment(
            ref=fresh_id(each), account_id=each, stamps=1, source=Source.MINTED, actor="t"
        )
        await store.allot_n(db, shard, [wanted])
    await moved_on(owner_conn)
    await owner_conn.execute("UPDATE quota_balances SET free = 2")
    found: set[AccountId | None] = set()
    for _ in range(4):
        found |= {each.account_id for each in await passed(db, shard, patrol=False)}
    assert found == set(neighbours)


async def test_a_large_account_is_held_to_its_fold(
    desk: Desk, db: Database, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MANY", 3)
    account = await desk.account(9)
    shard = shard_of_account(account)
    for _ in range(3):
        await desk.release(account, (await desk.hold(account)).id)
    await ask_refunds(owner_conn)
    await moved_on(owner_conn)
    await passed(db, shard)
    assert await store.list_folded(db, shard, [account]) == [account]
    held = await desk.hold(account, 2)
    await desk.capture(account, held.id)
    await ask_refunds(owner_conn)
    assert await passed(db, shard) == []
    await owner_conn.execute("UPDATE quota_balances SET used = used + 1 WHERE account_id = $1", account)
    assert [each.invariant for each in await passed(db, shard)] == [I.CONSERVATION]


async def test_a_fold_that_is_wrong_freezes_nobody_and_is_dropped(
    desk: Desk, db: Database, owner_conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MANY", 1)
    account = await desk.account(9)
    shard = shard_of_account(account)
    await moved_on(owner_conn)
    await passed(db, shard)
    await owner_conn.execute("UPDATE quota_folds SET free = free - 1 WHERE account_id = $1", account)
    scope = Scope(account_ids=[account], by_folds=True)
    assert len(await ask(db, I.CONSERVATION, shard, scope)) == 1
    assert await passed(db, shard) == []
    assert not (await desk.balance(account)).frozen


async def test_days_without_a_difference_begin_anew_with_each(
    desk: Desk, db: Database, owner_conn: Conn
) -> None:
    account = await desk.account(3)
    shard = shard_of_account(account)
    assert (await find_standing(db)).checked_at is None
    await passed(db, *ALL_SHARDS)
    await owner_conn.execute("UPDATE quota_watch SET begun_at = now() - interval '40 days 1 hour'")
    standing = await find_standing(db)
    assert standing.days == 40
    assert standing.checked_at is not None
    await owner_conn.execute("UPDATE quota_balances SET free = 4 WHERE account_id = $1", account)
    await passed(db, shard)
    standing_now = await find_standing(db)
    assert (standing_now.days, standing_now.is_open) == (0, True)
    await owner_conn.execute("UPDATE quota_balances SET free = 3 WHERE account_id = $1", account)
    await passed(db, shard)
    standing_now = await find_standing(db)
    assert (standing_now.days, standing_now.is_open) == (0, False)
    await owner_conn.execute("UPDATE quota_breaches SET gone_at = gone_at - interval '3 days'")
    found = await find_standing(db)
    assert (found.days, found.since - standing.since > timedelta(days=36)) == (3, True)


async def test_the_public_asks_the_database_twice_a_minute_at_most(db: Database) -> None:
    now = 0.0
    board = StandingBoard(db, clock=lambda: now)
    first = await board.now()
    now = 29.0
    assert await board.now() is first
    now = 31.0
    assert await board.now() is not first


async def test_the_full_reconciliation_answers_and_closes(
    story: Story, db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    revisions = StoredRevisions(db=db, objects=LocalObjects(tmp_path / "objects"), store_key=StoreKey.fresh())
    report = await look_over(db, revisions=revisions, accept_wait_s=WAIT_S)
    assert {each.invariant for each in report.differences} == {I.AFFIXED_HAS_OBJECT}  # no bytes in the store
    assert (await Desk(db).balance(story.account_id)).frozen
    await passed(db, story.shard)  # the watch reads no bytes, and closes nothing of what it cannot see
    assert len(await store.list_open_breaches(db, story.shard, found_by=None, at_most=9)) == 1
    await owner_conn.execute(
        """UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL,
                  object_key = NULL, base_object_key = NULL"""
    )
    assert (await look_over(db, revisions=revisions, accept_wait_s=WAIT_S)).balanced
    assert await store.list_open_breaches(db, story.shard, found_by=None, at_most=9) == []
