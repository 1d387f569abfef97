"""A batch reads what it was asked about, however many notices wait and however little is known of them."""

from __future__ import annotations

import itertools

from bubuh.db.pool import Conn
from bubuh.payments.store import SQL

MANY = 5_000
BATCH = 100
EACH = 10  #: rows read for one notice or line, at most
READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
 WHERE schemaname = 'public'
"""
KEEP = """
WITH kept AS (
    INSERT INTO payment_notices (gateway, event_id, address, body, headers)
    SELECT 'development', $2 || g, 'notices', 'x', '{}' FROM generate_series(1, $1::int) AS g
    RETURNING gateway, event_id)
INSERT INTO payment_notice_work (gateway, event_id, state, ended_at)
SELECT k.gateway, k.event_id, $2, CASE WHEN $2 <> 'waiting' THEN now() END FROM kept AS k
"""
LIST = """
INSERT INTO payment_unmatched (shard, account_id, id, kind, gateway, subject, why, suggestion)
SELECT 1, 1, overlay(gen_random_uuid()::text PLACING '01' FROM 1 FOR 2)::uuid, 'unreadable', 'development',
       'waiting' || g, 'x', 'x'
  FROM generate_series(1, $1::int) AS g
"""


async def test_a_batch_reads_its_own_notices_and_lines(owner_conn: Conn) -> None:
    """The tables were counted when all was done; then a surge came."""
    tables = ("payment_notices", "payment_notice_work", "payment_unmatched")
    for table in tables:
        await owner_conn.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    await owner_conn.execute(KEEP, MANY, "done")
    await owner_conn.execute(f"ANALYZE {', '.join(tables)}")
    await owner_conn.execute(KEEP, MANY, "waiting")
    await owner_conn.execute(LIST, MANY)
    await owner_conn.execute("SET plan_cache_mode = force_generic_plan")
    gateways, events = ["development"] * BATCH, [f"waiting{no}" for no in range(1, BATCH + 1)]
    unread, done = ["unreadable"] * BATCH, ["done"] * BATCH
    async with owner_conn.transaction():
        marks = [await owner_conn.fetchval(READ)]
        for sql, arguments in (
            (SQL.lease_notices_n.sql, (BATCH,)),
            (SQL.end_notices_n.sql, (gateways, events, done, done)),
            (SQL.match_line_n.sql, (1, [1] * BATCH, unread, gateways, events)),
        ):
            await owner_conn.fetch(sql, *arguments)
            marks.append(await owner_conn.fetchval(READ))
    ended = "SELECT count(*) FROM payment_notice_work WHERE event_id = ANY($1) AND state = 'done'"
    assert await owner_conn.fetchval(ended, events) == BATCH
    resolved = "SELECT count(*) FROM payment_unmatched WHERE state = 'resolved'"
    assert await owner_conn.fetchval(resolved) == BATCH
    read = [after - before for before, after in itertools.pairwise(marks)]
    assert max(read) < EACH * BATCH, read
