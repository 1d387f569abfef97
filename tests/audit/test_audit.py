from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.audit.model import Break, BreakKind, Entry, first_hash, hash_entry
from bubuh.audit.record import record
from bubuh.audit.verify import verify_shard
from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Conn, Database

ACCOUNT = AccountId(65)  # of shard 1
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


async def recorded(db: Database, count: int, account_id: AccountId = ACCOUNT) -> None:
    for number in range(count):
        async with db.transaction() as conn:
            facts = {"stamps": number, "note": 'é \x1f " \n'}
            await record(conn, account_id=account_id, act="quota.allot", actor="local", facts=facts)


async def tampered(owner_conn: Conn, *statements: str) -> None:
    """What only somebody who owns the database can do."""
    await owner_conn.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    for statement in statements:
        await owner_conn.execute(statement)
    await owner_conn.execute("ALTER TABLE audit_entries ENABLE TRIGGER USER")


def breaks(*found: tuple[int, BreakKind]) -> list[Break]:
    return [Break(shard=Shard(1), no=no, kind=kind) for no, kind in found]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words, words, words, moments, st.integers(1, 2**62), st.binary(min_size=32, max_size=32))
async def test_the_database_and_we_compute_the_same_hash(
    conn: Conn, act: str, actor: str, facts: str, at: datetime, account_id: int, previous: bytes
) -> None:
    entry = Entry(
        shard=Shard(account_id % 64),
        no=account_id % 1000,
        account_id=AccountId(account_id),
        act=act,
        actor=actor,
        facts=facts,
        recorded_at=at,
        previous_hash=previous,
        hash=b"",
    )
    fields = (entry.shard, entry.no, account_id, act, actor, facts, at)
    theirs = await conn.fetchval("SELECT audit_hash($1, $2, $3, $4, $5, $6, $7, $8)", previous, *fields)
    assert hash_entry(entry, previous_hash=previous) == theirs


async def verify_chains(db: Database) -> list[Break]:
    return [found for shard in ALL_SHARDS for found in await verify_shard(db, shard)]


async def test_each_chain_starts_at_its_own_hash(db: Database) -> None:
    heads = {row["shard"]: row for row in await db.fetch("SELECT shard, no, hash FROM audit_heads")}
    assert {shard: row["hash"] for shard, row in heads.items()} == {
        shard: first_hash(shard) for shard in ALL_SHARDS
    }


async def test_recorded_acts_make_a_whole_chain(db: Database) -> None:
    await recorded(db, 5)
    await recorded(db, 2, AccountId(1))  # the same shard
    await recorded(db, 3, AccountId(2))
    assert await verify_chains(db) == []
    numbers = await db.fetch("SELECT no FROM audit_entries WHERE shard = 1 ORDER BY no")
    assert [row["no"] for row in numbers] == list(range(1, 8))


async def test_acts_recorded_at_once_make_a_whole_chain(db: Database) -> None:
    await asyncio.gather(*(recorded(db, 5) for _ in range(8)))
    assert await verify_chains(db) == []
    assert await db.fetchval("SELECT no FROM audit_heads WHERE shard = 1") == 40


async def test_an_act_undone_leaves_no_entry(db: Database) -> None:
    async def act_and_fail() -> None:
        async with db.transaction() as conn:
            await record(conn, account_id=ACCOUNT, act="x", actor="local", facts={})
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await act_and_fail()
    assert await db.fetchval("SELECT count(*) FROM audit_entries") == 0
    await recorded(db, 1)
    assert await verify_chains(db) == []


@pytest.mark.parametrize(
    "assignment",
    [
        "act = 'account.open'",
        "actor = 'usr_other'",
        "facts = '{\"stamps\":9}'",
        "account_id = 1",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "hash = sha256('x')",
    ],
)
async def test_an_altered_entry_is_found(db: Database, owner_conn: Conn, assignment: str) -> None:
    await recorded(db, 5)
    await tampered(owner_conn, f"UPDATE audit_entries SET {assignment} WHERE shard = 1 AND no = 3")
    found = await verify_chains(db)
    assert found[:1] == breaks((3, BreakKind.ALTERED))


async def test_an_entry_altered_with_its_hash_no_longer_links(db: Database, owner_conn: Conn) -> None:
    await recorded(db, 5)
    await tampered(
        owner_conn,
        "UPDATE audit_entries SET actor = 'usr_other' WHERE shard = 1 AND no IN (3, 5)",
        """UPDATE audit_entries
              SET hash = audit_hash(previous_hash, shard, no, account_id, act, actor, facts, recorded_at)
            WHERE shard = 1 AND no IN (3, 5)""",
    )
    expected = breaks((4, BreakKind.UNLINKED), (5, BreakKind.HEAD_DIFFERS))
    assert await verify_chains(db) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("no = 3", [(4, BreakKind.MISSING)]),
        ("no IN (1, 2)", [(3, BreakKind.MISSING)]),
        ("no = 5", [(5, BreakKind.MISSING)]),
        ("true", [(5, BreakKind.MISSING)]),
    ],
)
async def test_a_removed_entry_is_found(
    db: Database, owner_conn: Conn, where: str, expected: Sequence[tuple[int, BreakKind]]
) -> None:
    await recorded(db, 5)
    await tampered(owner_conn, f"DELETE FROM audit_entries WHERE shard = 1 AND {where}")
    assert await verify_chains(db) == breaks(*expected)


async def test_an_entry_put_in_by_hand_is_found(db: Database, owner_conn: Conn) -> None:
    await recorded(db, 2)
    await owner_conn.execute(
        """INSERT INTO audit_entries
                  (shard, account_id, no, act, actor, facts, recorded_at, previous_hash, hash)
           SELECT 1, 65, 3, 'x', 'y', '{}', now(), hash,
                  audit_hash(hash, 1::smallint, 3, 65, 'x', 'y', '{}', now())
             FROM audit_heads WHERE shard = 1"""
    )
    assert await verify_chains(db) == breaks((2, BreakKind.MISSING))


async def test_an_entry_removed_with_its_number_is_found_at_the_head(db: Database, owner_conn: Conn) -> None:
    await recorded(db, 3)
    await tampered(owner_conn, "DELETE FROM audit_entries WHERE shard = 1 AND no = 3")
    await owner_conn.execute("UPDATE audit_heads SET no = 2 WHERE shard = 1")
    assert await verify_chains(db) == breaks((2, BreakKind.HEAD_DIFFERS))


async def test_a_chain_longer_than_a_page_is_read_whole(db: Database, owner_conn: Conn) -> None:
    await owner_conn.execute(
        "SELECT audit_append(1::smallint, 65, 'x', 'local', '{}') FROM generate_series(1, 2100)"
    )
    assert await verify_chains(db) == []
    await tampered(owner_conn, "UPDATE audit_entries SET act = 'y' WHERE shard = 1 AND no = 2050")
    assert await verify_chains(db) == breaks((2050, BreakKind.ALTERED))


async def test_the_application_only_appends(db: Database, conn: Conn, owner_conn: Conn) -> None:
    await recorded(db, 1)
    for statement in (
        "UPDATE audit_entries SET act = 'y'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "INSERT INTO audit_entries SELECT * FROM audit_entries",
        "UPDATE audit_heads SET no = 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
    for statement in (
        "UPDATE audit_entries SET act = 'y'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only grows"):
            await owner_conn.execute(statement)


async def test_a_separator_never_gets_into_an_entry(conn: Conn) -> None:
    with pytest.raises(AssertionError):
        await record(conn, account_id=ACCOUNT, act="x\x1fy", actor="local", facts={})
