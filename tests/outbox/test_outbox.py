from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.outbox.model import SEALED, Fact
from bubuh.outbox.publish import publish
from bubuh.outbox.take import take_untold, wait_after
from bubuh.outbox.told import mark_told

ACCOUNT, NEIGHBOUR, STRANGER = AccountId(65), AccountId(1), AccountId(66)  # two of shard 1, one of shard 2
ONE = Shard(1)


async def published(db: Database, account_id: AccountId = ACCOUNT, topic: str = "stamp.affixed") -> UUID:
    subject = fresh_id(account_id)
    async with db.transaction() as conn:
        facts = {"serial_no": "Ω1"}
        assert await publish(conn, account_id=account_id, topic=topic, subject=subject, facts=facts)
    return subject


async def taken(db: Database, shard: Shard = ONE, at_most: int = 100) -> list[Fact]:
    async with db.transaction() as conn:
        return await take_untold(conn, shard, at_most=at_most)


async def told(db: Database, facts: list[Fact], shard: Shard = ONE) -> int:
    async with db.transaction() as conn:
        return await mark_told(conn, shard, facts)


async def due_again(owner_conn: Conn) -> None:
    """The waiting is over, without waiting."""
    await owner_conn.execute("UPDATE outbox_facts SET not_before = now() - interval '1 second'")


async def test_a_published_fact_is_taken_with_what_it_says(db: Database) -> None:
    subject = await published(db)
    (fact,) = await taken(db)
    assert (fact.account_id, fact.topic, fact.subject) == (ACCOUNT, "stamp.affixed", subject)
    assert (fact.facts, fact.attempts, fact.shard) == ({"serial_no": "Ω1"}, 0, ONE)


async def test_a_fact_is_published_with_its_transaction_or_not_at_all(db: Database) -> None:
    async def publish_and_fail() -> None:
        async with db.transaction() as conn:
            await publish(conn, account_id=ACCOUNT, topic="x", subject=fresh_id(ACCOUNT), facts={})
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await publish_and_fail()
    assert await taken(db) == []


async def test_publishing_again_changes_nothing(db: Database) -> None:
    subject = await published(db)
    async with db.transaction() as conn:
        again = await publish(
            conn, account_id=ACCOUNT, topic="stamp.affixed", subject=subject, facts={"other": 1}
        )
        other = await publish(conn, account_id=ACCOUNT, topic="stamp.returned", subject=subject, facts={})
    assert (again, other) == (False, True)
    facts = {fact.topic: fact.facts for fact in await taken(db)}
    assert facts == {"stamp.affixed": {"serial_no": "Ω1"}, "stamp.returned": {}}


async def test_a_fact_in_good_hands_is_not_taken_twice(db: Database) -> None:
    await published(db)
    assert len(await taken(db)) == 1
    assert await taken(db) == []


async def test_two_takers_at_once_share_the_facts(db: Database) -> None:
    subjects = {await published(db) for _ in range(10)}
    async with db.transaction() as first:
        mine = await take_untold(first, ONE, at_most=4)
        theirs = await taken(db)  # does not wait for the first
    assert (len(mine), len(theirs)) == (4, 6)
    assert {fact.subject for fact in mine + theirs} == subjects


async def test_many_takers_take_each_fact_once(db: Database) -> None:
    subjects = {await published(db) for _ in range(30)}
    hauls = await asyncio.gather(*(taken(db, at_most=4) for _ in range(12)))
    found = [fact.subject for haul in hauls for fact in haul]
    found += [fact.subject for fact in await taken(db)]  # what was locked while the others looked
    assert sorted(found) == sorted(subjects)


async def test_a_fact_comes_again_until_it_is_told(db: Database, owner_conn: Conn) -> None:
    """Whoever took it died: nothing was undone, nothing is lost."""
    await published(db)
    for attempt in range(4):
        (fact,) = await taken(db)
        assert fact.attempts == attempt
        wait_s = await owner_conn.fetchval(
            "SELECT extract(epoch FROM not_before - now())::float8 FROM outbox_facts"
        )
        assert wait_s == pytest.approx(wait_after(attempt), abs=2)
        await due_again(owner_conn)
    assert await told(db, [fact]) == 1
    assert await taken(db) == []


async def test_a_told_fact_is_closed_once_and_for_good(db: Database, owner_conn: Conn) -> None:
    await published(db)
    facts = await taken(db)
    assert [await told(db, facts), await told(db, facts), await told(db, [])] == [1, 0, 0]
    await due_again(owner_conn)
    assert await taken(db) == []


async def test_what_is_sealed_in_a_fact_goes_when_it_is_told_and_it_is_not_published_twice(
    db: Database, owner_conn: Conn
) -> None:
    subject, facts = fresh_id(ACCOUNT), {SEALED: "address and words", "link": "/"}

    async def publish_it() -> bool:
        async with db.transaction() as conn:
            return await publish(
                conn, account_id=ACCOUNT, topic="person.letter", subject=subject, facts=facts
            )

    assert await publish_it()
    (fact,) = await taken(db)
    assert fact.facts == facts
    await told(db, [fact])
    assert not await publish_it()
    assert await owner_conn.fetchval("SELECT facts FROM outbox_facts") == {"link": "/"}


async def test_telling_one_closes_no_other(db: Database, owner_conn: Conn) -> None:
    kept = await published(db), await published(db, NEIGHBOUR), await published(db, topic="stamp.returned")
    heard = await published(db)
    await told(db, [fact for fact in await taken(db) if fact.subject == heard])
    await due_again(owner_conn)
    assert {fact.subject for fact in await taken(db)} == set(kept)


async def test_a_taker_takes_of_one_shard(db: Database) -> None:
    here, there = await published(db, NEIGHBOUR), await published(db, STRANGER)
    assert [fact.subject for fact in await taken(db)] == [here]
    assert [fact.subject for fact in await taken(db, shard_of_account(STRANGER))] == [there]


async def test_the_longest_waiting_is_taken_first(db: Database) -> None:
    subjects = [await published(db) for _ in range(5)]
    taken_in_turn = [fact.subject for _ in range(5) for fact in await taken(db, at_most=1)]
    assert taken_in_turn == subjects


@given(st.integers(0, 1_000_000))
def test_waits_grow_and_end_at_five_minutes(attempts: int) -> None:
    assert 10 <= wait_after(attempts) <= wait_after(attempts + 1) <= 300
