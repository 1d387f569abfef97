"""A batch of facts reads its own, however many its shard has untold and however little is known of them."""

from __future__ import annotations

from bubuh.core.shards import Shard
from bubuh.db.pool import Conn, Database
from bubuh.outbox import store
from bubuh.outbox.take import take_untold

ONE = Shard(1)
UNTOLD = 10_000
BATCH = 100
EACH = 10  #: rows read for one fact and act, at most
READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
 WHERE relname = 'outbox_facts'
"""


async def test_a_batch_reads_its_own_facts(db: Database, owner_conn: Conn) -> None:
    """A surge of untold facts, before anybody counted the table."""
    await owner_conn.execute("ALTER TABLE outbox_facts SET (autovacuum_enabled = false)")
    await owner_conn.execute(
        "INSERT INTO outbox_facts (shard, account_id, topic, subject, facts)"
        " SELECT 1, 1 + 64 * g, 'stamp.affixed', gen_random_uuid(), '{}' FROM generate_series(1, $1) AS g",
        UNTOLD,
    )
    async with db.transaction() as conn:
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        marks = [await conn.fetchval(READ)]
        facts = await take_untold(conn, ONE, at_most=BATCH)
        marks.append(await conn.fetchval(READ))
        assert await store.mark_told(conn, ONE, facts) == BATCH
        marks.append(await conn.fetchval(READ))
    taken, told = marks[1] - marks[0], marks[2] - marks[1]
    assert max(taken, told) < EACH * BATCH, (taken, told)
