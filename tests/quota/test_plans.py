"""A batch reads what it was asked about, not its shard, however little the planner knows of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn
from bubuh.quota import store
from bubuh.quota.model import Outcome, Purpose, Sink, Source, WantedAllotment, WantedEnd, WantedHold
from tests.quota.desk import Desk

BATCHES = 60
BATCH = 100
CROWD = 3_000  #: accounts of one shard
EACH = 20  #: rows read for one stamp and act, at most
READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
 WHERE schemaname = 'public'
"""

hold_n = partial(store.hold_n, purpose=Purpose.REFUND)
capture_n = partial(store.capture_n, sink=Sink.PAID_BACK)


async def read_by_a_batch(conn: Conn, accounts: Sequence[AccountId]) -> tuple[int, int]:
    """Hold and capture a batch of one stamp each; how many rows each had PostgreSQL fetch."""
    shard, ids = shard_of_account(accounts[0]), [(one, fresh_id(one)) for one in accounts]
    holds = [WantedHold(id=ref, account_id=one, stamps=1, actor="uji") for one, ref in ids]
    ends = [WantedEnd(id=ref, account_id=one, actor="uji") for one, ref in ids]
    marks = [await conn.fetchval(READ)]
    for act in (hold_n(conn, shard, holds), capture_n(conn, shard, ends)):
        results = await act
        assert {result.outcome for result in results} == {Outcome.DONE}
        marks.append(await conn.fetchval(READ))
    return marks[1] - marks[0], marks[2] - marks[1]


async def test_plans_made_over_empty_tables_serve_full_ones(desk: Desk) -> None:
    """On the first night nothing was counted yet, and a session keeps the plans it made in the morning."""
    account_id = await desk.account(stamps=BATCHES * BATCH)
    async with desk.db.transaction() as conn:
        read = [await read_by_a_batch(conn, [account_id] * BATCH) for _ in range(BATCHES)]
    assert max(read[-1]) < EACH * BATCH, read[-1]


async def test_an_account_is_found_among_many(desk: Desk) -> None:
    """A batch of a hundred accounts reads theirs, not those of all who share their shard."""
    first = await desk.account(stamps=1)
    accounts = [AccountId(first + 64 * no) for no in range(1, CROWD + 1)]
    async with desk.db.transaction() as conn:
        read = [await read_by_a_batch(conn, await filled(conn, accounts[:BATCH]))]
        for at in range(BATCH, CROWD, 500):
            await filled(conn, accounts[at : at + 500])
        read += [await read_by_a_batch(conn, accounts[at : at + BATCH]) for at in (BATCH, CROWD - BATCH)]
    assert max(max(both) for both in read) < EACH * BATCH, read


async def filled(conn: Conn, accounts: Sequence[AccountId]) -> Sequence[AccountId]:
    """The accounts, all of one shard, with a stamp each."""
    wanted = [
        WantedAllotment(ref=fresh_id(one), account_id=one, stamps=1, source=Source.MINTED, actor="uji")
        for one in accounts
    ]
    results = await store.allot_n(conn, shard_of_account(accounts[0]), wanted)
    assert {result.outcome for result in results} == {Outcome.DONE}
    return accounts
