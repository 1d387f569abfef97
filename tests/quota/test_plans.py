"""A batch reads what it was asked about, not its shard, however little the planner knows of the tables."""

from __future__ import annotations

from functools import partial

from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn
from bubuh.quota import store
from bubuh.quota.model import Outcome, Purpose, Sink, WantedEnd, WantedHold
from tests.quota.desk import Desk

BATCHES = 60
BATCH = 100
EACH = 20  #: rows read for one stamp and act, at most
READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
 WHERE schemaname = 'public'
"""

hold_n = partial(store.hold_n, purpose=Purpose.REFUND)
capture_n = partial(store.capture_n, sink=Sink.PAID_BACK)


async def read_by_a_batch(conn: Conn, account_id: AccountId) -> tuple[int, int]:
    """Hold and capture a batch; how many rows each had PostgreSQL fetch."""
    shard, ids = shard_of_account(account_id), [fresh_id(account_id) for _ in range(BATCH)]
    holds = [WantedHold(id=one, account_id=account_id, stamps=1, actor="uji") for one in ids]
    ends = [WantedEnd(id=one, account_id=account_id, actor="uji") for one in ids]
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
        read = [await read_by_a_batch(conn, account_id) for _ in range(BATCHES)]
    assert max(read[-1]) < EACH * BATCH, read[-1]
