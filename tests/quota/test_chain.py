"""One row altered, removed, added or swapped by a hand at the database is found, and named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database, connect
from bubuh.quota.chain import store
from bubuh.quota.chain.link import link_shard
from bubuh.quota.chain.model import Break, BreakKind, first_hash, hash_link, hash_transfer
from bubuh.quota.chain.verify import verify_shard
from tests.conftest import Dsns
from tests.quota.desk import Desk


@pytest.fixture
async def hand(dsns: Dsns) -> AsyncIterator[Conn]:
    """A superuser who writes past guards and constraints."""
    conn = await asyncpg.connect(dsns.superuser)
    await conn.execute("SET session_replication_role = replica")
    await conn.execute("ALTER TABLE quota_transfers DROP CONSTRAINT quota_transfers_numbered")
    yield conn
    await conn.close()


async def breaks(db: Database, shard: Shard) -> list[Break]:
    return list((await verify_shard(db, shard)).breaks)


async def filled(desk: Desk) -> AccountId:
    """An account with seven transfers."""
    account = await desk.account(9)
    for end in (desk.capture, desk.release, desk.capture):
        await end(account, (await desk.hold(account, 2)).id)
    return account


async def test_transfers_are_numbered_from_one_without_a_gap_in_the_order_of_their_commits(
    desk: Desk, db: Database
) -> None:
    account = await desk.account(30)
    held = await asyncio.gather(*(desk.hold(account, 1) for _ in range(20)))
    await asyncio.gather(*(desk.release(account, each.id) for each in held))
    sql = "SELECT no, moves FROM quota_transfers JOIN quota_balances USING (shard, account_id) ORDER BY no"
    rows = await db.fetch(sql)
    assert [tuple(row) for row in rows] == [(no, 41) for no in range(1, 42)]


async def test_what_is_linked_holds(desk: Desk, db: Database) -> None:
    account = await filled(desk)
    shard = shard_of_account(account)
    assert await store.count_unlinked(db, shard) == 7
    assert await link_shard(db, shard) == 7
    assert await link_shard(db, shard) == 0
    await desk.hold(account, 1)
    assert await breaks(db, shard) == []  # one is not linked yet
    assert await link_shard(db, shard) == 1
    assert await breaks(db, shard) == []
    head, last_no = await store.find_head(db, shard)
    assert (head.no, last_no) == (2, 2)


async def test_python_and_sql_hash_the_same_bytes(desk: Desk, db: Database) -> None:
    account = await filled(desk)
    await desk.transfer(account, await desk.account(), 1)
    shard = shard_of_account(account)
    await link_shard(db, shard)
    (link,) = await store.list_links(db, shard, after_no=0, last_no=9, at_most=9)
    rows = await store.list_transfers(db, link)
    assert b"".join(map(hash_transfer, rows)) == link.leaves
    assert hash_link(link, previous_hash=first_hash(shard)) == link.hash


async def test_a_backlog_is_worked_off_in_bounded_steps(desk: Desk, db: Database) -> None:
    account = await filled(desk)
    shard = shard_of_account(account)
    assert await link_shard(db, shard, most=2, calls=2) == 2  # one step, and one that finds all seen
    while await link_shard(db, shard, most=2, calls=3):
        assert await breaks(db, shard) == []
    assert await store.count_unlinked(db, shard) == 0


async def test_many_who_link_at_once_while_others_commit_leave_no_gap_and_no_double(
    desk: Desk, db: Database
) -> None:
    account = await desk.account(40)
    shard = shard_of_account(account)

    async def link_all_the_time() -> None:
        for _ in range(30):
            await link_shard(db, shard, most=3)

    async def work() -> None:
        for _ in range(8):
            await desk.release(account, (await desk.hold(account, 1)).id)

    await asyncio.gather(*(work() for _ in range(4)), link_all_the_time(), link_all_the_time())
    while await link_shard(db, shard):
        pass
    assert await breaks(db, shard) == []
    assert await store.count_unlinked(db, shard) == 0


async def test_what_commits_late_is_linked_later(desk: Desk, db: Database, dsns: Dsns) -> None:
    """A transaction that is older than the link is not passed over: its account's numbers wait for it."""
    account = await desk.account(5)
    shard = shard_of_account(account)
    neighbour = AccountId(account + 64)
    late = await connect(dsns.app)
    async with late.transaction():
        await late.execute(
            "SELECT quota_allot_n($1, ARRAY[gen_random_uuid()], ARRAY[$2::bigint], ARRAY[3::bigint], "
            "ARRAY['minted'], ARRAY['x'])",
            shard,
            neighbour,
        )
        await desk.hold(account, 1)
        assert await link_shard(db, shard) == 2
    await late.close()
    assert await link_shard(db, shard) == 1
    assert await breaks(db, shard) == []


FORGED = """INSERT INTO quota_transfers
SELECT shard, account_id, {no}, gen_random_uuid(), 'allot', 'minted', 'free', 5, NULL, 'x', now()
  FROM quota_transfers WHERE no = 1"""
TAMPERED = {
    "altered": ("UPDATE quota_transfers SET stamps = 1 WHERE no = 4", BreakKind.ALTERED, 4),
    "actor altered": ("UPDATE quota_transfers SET actor = 'x' WHERE no = 2", BreakKind.ALTERED, 2),
    "removed": ("DELETE FROM quota_transfers WHERE no = 3", BreakKind.MISSING, 3),
    "last removed": ("DELETE FROM quota_transfers WHERE no = 7", BreakKind.MISSING, 7),
    "swapped": ("UPDATE quota_transfers SET no = 9 - no WHERE no IN (4, 5)", BreakKind.ALTERED, 4),
    "added at the end": (FORGED.format(no=8), BreakKind.ADDED, 8),
    "added beside another": (FORGED.format(no=5), BreakKind.ADDED, 5),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_row_that_was_tampered_with_is_named(how: str, desk: Desk, db: Database, hand: Conn) -> None:
    statement, kind, no = TAMPERED[how]
    account = await filled(desk)
    shard = shard_of_account(account)
    await link_shard(db, shard)
    await hand.execute(statement)
    first = (await breaks(db, shard))[0]
    if how == "added beside another" and first.kind is BreakKind.ALTERED:
        first = (await breaks(db, shard))[1]  # which of the two is the first, the database does not say
    assert (first.kind, first.account_id, first.no) == (kind, account, no)


async def test_a_row_removed_before_it_was_linked_is_named_and_holds_up_no_other(
    desk: Desk, db: Database, hand: Conn
) -> None:
    account = await filled(desk)
    shard = shard_of_account(account)
    await hand.execute("DELETE FROM quota_transfers WHERE no = 3")
    assert await link_shard(db, shard) == 2
    (found,) = await breaks(db, shard)
    assert (found.kind, found.account_id, found.no) == (BreakKind.MISSING, account, 3)
    assert await link_shard(db, shard) == 0


@pytest.mark.parametrize(
    ("statement", "kind", "link"),
    [
        ("DELETE FROM quota_links WHERE no = 2", BreakKind.MISSING, 2),
        ("DELETE FROM quota_links WHERE no = 3", BreakKind.MISSING, 3),
        ("UPDATE quota_links SET leaves = sha256('x') WHERE no = 1", BreakKind.ALTERED, 1),
        ("UPDATE quota_links SET linked_at = now() WHERE no = 2", BreakKind.ALTERED, 2),
        ("UPDATE quota_links SET previous_hash = sha256('x') WHERE no = 2", BreakKind.UNLINKED, 2),
        ("UPDATE quota_link_heads SET hash = sha256('x')", BreakKind.HEAD_DIFFERS, 3),
    ],
)
async def test_a_chain_that_was_tampered_with_is_found(
    statement: str, kind: BreakKind, link: int, desk: Desk, db: Database, hand: Conn
) -> None:
    account = await desk.account(9)
    shard = shard_of_account(account)
    for _ in range(3):
        assert await link_shard(db, shard) == 1
        await desk.hold(account, 1)
    await hand.execute(statement)
    first = (await breaks(db, shard))[0]
    assert (first.kind, first.link) == (kind, link)
