"""Batches of stamps: every statement costs what is asked of it, however much else lies in the shard."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from bubuh.core.ids import AccountId, fresh_id
from bubuh.db.pool import Conn, connect
from bubuh.pdf.model import Tier
from bubuh.quota.allot import allot
from bubuh.stamping import store
from bubuh.stamping.model import Lease, Planned, WrittenIntent
from bubuh.stamping.refusals import LeaseLost, SignerUnavailable
from bubuh.stamping.show import MOST_COUNTED
from tests.conftest import Dsns
from tests.stamping.conftest import Town

MANY = 20_000
IN_WORK = 500
EACH = 100  #: rows read for one stamp, at most

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_FILL = """
INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, pages, boxes, key_sealed, object_key)
SELECT d.shard, d.account_id, gen_random_uuid(), d.state, d.sha256, d.size_bytes, d.pages, d.boxes,
       d.key_sealed, d.object_key
  FROM documents AS d, generate_series(1, $2) WHERE d.id = $1
"""
_WANT = """
SELECT count(*) FROM (
    SELECT d.shard, d.account_id, array_agg(gen_random_uuid()) AS ids, array_agg(d.id) AS documents,
           count(*) AS n
      FROM (SELECT *, row_number() OVER () / 500 AS part FROM documents WHERE account_id = $1) AS d
     GROUP BY d.shard, d.account_id, d.part
) AS p, stamping_accept_n(
    p.shard, p.ids, array_fill(p.account_id, ARRAY[p.n::int]), array_fill('usr'::text, ARRAY[p.n::int]),
    array_fill('\\x00'::bytea, ARRAY[p.n::int]), p.documents, array_fill(1, ARRAY[p.n::int]),
    array_fill(1::float8, ARRAY[p.n::int]), array_fill(1::float8, ARRAY[p.n::int]),
    array_fill(60::float8, ARRAY[p.n::int]), array_fill('t'::text, ARRAY[p.n::int]),
    array_fill('1'::text, ARRAY[p.n::int]), array_fill('2026-11-22'::date, ARRAY[p.n::int])
) AS a WHERE a.outcome = 'done'
"""
_READ = """
SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_xact_user_tables
 WHERE schemaname = 'public'
"""


async def flood(town: Town, owner_conn: Conn, *, stamps: int) -> None:
    """One account wants `stamps` stamps, each on a document of its own."""
    account = town.citizen.account_id
    async with town.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account), account_id=account, stamps=stamps + 1, actor="local")
    await owner_conn.execute(_FILL, await town.upload(), stamps - 1)
    assert await owner_conn.fetchval(_WANT, account) == stamps


async def rows_read(conn: Conn, sql: str, *args: object) -> tuple[list[asyncpg.Record], int]:
    """What one statement answers, and how many rows it had PostgreSQL fetch; undone afterwards."""
    change = conn.transaction()
    await change.start()
    before = await conn.fetchval(_READ)
    answer = await conn.fetch(sql, *args)
    read = await conn.fetchval(_READ) - before
    await change.rollback()
    return answer, read


@pytest.mark.parametrize("counted", [False, True])
async def test_no_step_reads_what_it_was_not_asked_about(
    town: Town, owner_conn: Conn, dsns: Dsns, *, counted: bool
) -> None:
    """A predicate on `state` once had the planner walk all that lives in the shard, for each of a batch.

    Nor does a step while the server has not counted the rows yet, as in a service's first minute.
    """
    await flood(town, owner_conn, stamps=MANY)
    shard = town.citizen.shard
    busy = await store.lease_n(town.db, shard, worker="w", most=IN_WORK, lease_s=600)
    assert len(busy) == IN_WORK
    if counted:
        await owner_conn.execute("ANALYZE")
    leases = busy[:10]
    ids, accounts, fences = _columns(leases)
    block = [1000 * n for n in range(len(leases))]
    await owner_conn.executemany(
        "INSERT INTO serial_blocks (block, shard, taken_by) VALUES ($1, $2, 'w')",
        [(n, shard) for n in range(10)],
    )
    n = len(leases)
    steps: dict[str, tuple[object, ...]] = {
        "lease_n": ("w", n, 1, 30.0, [], []),
        "renew_n": (ids, accounts, fences, 30.0),
        "yield_n": (ids, accounts, fences, 0.0),
        "find_job_n": (ids, accounts, fences),
        "intend_n": (ids, accounts, fences, block, [str(b) for b in block], [0] * n, [bytes(32)] * n,
                     [_NOW] * n, [b"f"] * n, ["k"] * n, ["B-B"] * n, [0] * n),
        "write_plan_n": (ids, accounts, fences, [bytes(32)] * n, [b"p"] * n, ["t1"] * n),
        "affix_n": (ids, accounts, fences, ["o"] * n, [1] * n, [bytes(32)] * n, [1] * n, [1] * n),
        "return_n": (ids, accounts, fences, ["damaged"] * n, ["w"] * n),
    }  # fmt: skip
    conn = await connect(dsns.app)
    read = {}
    for name, args in steps.items():
        answer, read[name] = await rows_read(conn, getattr(store.SQL, name).sql, shard, *args)
        assert len(answer) == n, name
    waiting = await owner_conn.fetch(
        "SELECT id FROM stamps WHERE shard = $1 AND state = 'accepted' ORDER BY queue_at, id", shard
    )
    for at, told in ((0, 0), (3, 3), (len(waiting) - 1, MOST_COUNTED)):
        arguments = (shard, town.citizen.account_id, waiting[at]["id"], MOST_COUNTED)
        answer, read_of_line = await rows_read(conn, store.SQL.count_before.sql, *arguments)
        assert answer[0]["before"] == told
        assert read_of_line <= told + EACH
    await conn.close()
    assert {name: count for name, count in read.items() if count > n * EACH} == {}


@pytest.mark.parametrize("bulk", [2_000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_an_account_with_thousands_waiting_starves_no_citizen_with_one(
    town: Town, owner_conn: Conn, bulk: int
) -> None:
    await flood(town, owner_conn, stamps=bulk)
    shard, neighbour = town.citizen.shard, AccountId(town.citizen.account_id + 64)
    await owner_conn.execute("UPDATE stamps SET queue_at = queue_at - interval '10 s'")  # ten seconds pass
    wanted = await _want_one(town, owner_conn, neighbour)
    ahead_s = await owner_conn.fetchval(
        "SELECT extract(epoch FROM n.queue_at - min(s.queue_at)) FROM stamps AS s, stamps AS n"
        " WHERE s.account_id = $1 AND n.id = $2 GROUP BY n.queue_at",
        town.citizen.account_id,
        wanted,
    )

    leased: list[UUID] = []
    while wanted not in leased:
        (lease,) = await store.lease_n(town.db, shard, worker="w", most=1, lease_s=600)
        leased.append(lease.stamp_id)

    assert len(leased) <= ahead_s + 2  # of the other account, one for each second that it has waited


async def test_of_those_over_which_a_worker_died_one_is_worked_on_at_a_time(town: Town) -> None:
    for _ in range(3):
        await town.accept(await town.upload())
    assert len(await town.lease(worker="w")) == 3
    assert await store.bury(town.db, town.citizen.shard, worker="w") == 3

    (suspect,) = await town.lease(worker="w")

    assert suspect.is_suspect
    assert await store.lease_n(town.db, suspect.shard, worker="w", most=9, suspects=0, lease_s=9) == []


async def test_one_question_seals_many_and_a_row_that_is_no_good_spoils_no_other(
    town: Town, owner_conn: Conn
) -> None:
    for _ in range(3):
        await town.accept(await town.upload())
    good, lost, keyless = await town.lease()
    for lease in (good, lost, keyless):
        await _planned(town, lease)
    lost = Lease(account_id=lost.account_id, stamp_id=lost.stamp_id, fence=lost.fence + 1)
    await owner_conn.execute("UPDATE stamps SET key_id = 'elsewhere' WHERE id = $1", keyless.stamp_id)

    asked = [town.shop.signer.seal(lease) for lease in (good, lost, keyless)]
    signature, fenced, unsigned = await asyncio.gather(*asked, return_exceptions=True)

    assert isinstance(signature, bytes)
    assert isinstance(fenced, LeaseLost)
    assert isinstance(unsigned, SignerUnavailable)
    assert await town.shop.signer.seal(good) == signature
    assert await town.db.fetchval("SELECT count(*) FROM seals WHERE shard = $1", good.shard) == 1


async def _planned(town: Town, lease: Lease) -> None:
    """The stamp as it stands before S4."""
    serial = await town.shop.serials.take(town.db, lease.shard)
    written = WrittenIntent(
        serial=serial,
        serial_no=str(serial),
        base_revision=0,
        base_sha256=bytes(32),
        signed_at=_NOW,
        file_id=bytes(16),
        key_id="test-1",
    )
    plan = store.NewPlan(lease=lease, digest=bytes(32), planned=Planned(sealed=b"plan", tier=Tier.T1))
    assert await town.shop.steps.intend.submit(lease.shard, store.NewIntent(lease=lease, written=written))
    assert await town.shop.steps.write_plan.submit(lease.shard, plan)


async def _want_one(town: Town, owner_conn: Conn, account: AccountId) -> UUID:
    await owner_conn.execute(
        "INSERT INTO accounts (id, kind, name) VALUES ($1, 'person', 'Budi Uji')", account
    )
    async with town.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account), account_id=account, stamps=1, actor="local")
    await owner_conn.execute(
        "INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, pages, boxes, key_sealed,"
        " object_key) SELECT shard, $2, gen_random_uuid(), state, sha256, size_bytes, pages, boxes,"
        " key_sealed, object_key FROM documents WHERE account_id = $1 LIMIT 1",
        town.citizen.account_id,
        account,
    )
    assert await owner_conn.fetchval(_WANT, account) == 1
    wanted: UUID = await owner_conn.fetchval("SELECT id FROM stamps WHERE account_id = $1", account)
    return wanted


def _columns(leases: list[Lease]) -> tuple[list[UUID], list[AccountId], list[int]]:
    return (
        [lease.stamp_id for lease in leases],
        [lease.account_id for lease in leases],
        [lease.fence for lease in leases],
    )
