from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest

from bubuh.db.home import SUPERUSER
from bubuh.db.local import LocalPostgres
from bubuh.db.migrate import MIGRATIONS, Migration, MigrationRefused, migrate
from bubuh.db.roles import OWNER

FIRST = Migration(number=1, phase="pre", name="first", sql="CREATE TABLE a (n int); CREATE TABLE b (n int);")
SECOND = Migration(number=2, phase="post", name="second", sql="DROP TABLE b;")
THIRD = Migration(number=3, phase="pre", name="third", sql="CREATE TABLE c (n int);")


@pytest.fixture
async def empty(postgres: LocalPostgres) -> AsyncIterator[str]:
    """The owner's address of a database without tables."""
    admin = await asyncpg.connect(postgres.dsn(SUPERUSER, database="postgres"))
    await admin.execute(f"CREATE DATABASE test_empty OWNER {OWNER} TEMPLATE template0")
    yield postgres.dsn(OWNER, database="test_empty")
    await admin.execute("DROP DATABASE test_empty WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def owner(empty: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty)
    yield connection
    await connection.close()


async def tables(conn: asyncpg.Connection) -> set[str]:
    rows = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def test_migrations_are_applied_in_order_and_once(owner: asyncpg.Connection) -> None:
    assert await migrate(owner, migrations=[FIRST]) == ["0001_pre_first"]
    assert await migrate(owner, migrations=[FIRST, SECOND, THIRD]) == ["0002_post_second", "0003_pre_third"]
    assert await migrate(owner, migrations=[FIRST, SECOND, THIRD]) == []
    assert await tables(owner) == {"a", "c", "schema_migrations"}


async def test_before_new_code_only_what_the_old_code_bears(owner: asyncpg.Connection) -> None:
    everything = [FIRST, SECOND, THIRD]
    assert await migrate(owner, migrations=everything, only_pre=True) == ["0001_pre_first"]
    assert await migrate(owner, migrations=everything) == ["0002_post_second", "0003_pre_third"]


async def test_a_migration_is_applied_whole_or_not_at_all(owner: asyncpg.Connection) -> None:
    broken = replace(SECOND, sql="CREATE TABLE d (n int); SELECT 1 / 0; CREATE TABLE e (n int);")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(owner, migrations=[FIRST, broken])
    assert await tables(owner) == {"a", "b", "schema_migrations"}
    assert await migrate(owner, migrations=[FIRST, SECOND]) == ["0002_post_second"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ([replace(FIRST, sql=FIRST.sql + " "), SECOND], "0001_pre_first is not the 0001_pre_first"),
        ([replace(FIRST, name="other"), SECOND], "0001_pre_other is not the 0001_pre_first"),
        ([FIRST], "newer than this code: it has 0002_post_second"),
    ],
)
async def test_a_database_of_other_code_is_refused(
    code: Sequence[Migration], reason: str, owner: asyncpg.Connection
) -> None:
    await migrate(owner, migrations=[FIRST, SECOND])
    with pytest.raises(MigrationRefused, match=reason):
        await migrate(owner, migrations=[*code])
    assert await tables(owner) == {"a", "schema_migrations"}


async def test_two_runs_at_once_wait_for_each_other(empty: str) -> None:
    slow = replace(FIRST, sql=FIRST.sql + "SELECT pg_sleep(0.2);")
    both = [await asyncpg.connect(empty) for _ in range(2)]
    applied = await asyncio.gather(*(migrate(one, migrations=[slow]) for one in both))
    assert sorted(applied) == [[], ["0001_pre_first"]]
    for one in both:
        await one.close()


async def test_a_run_that_was_cut_leaves_no_lock(owner: asyncpg.Connection, empty: str) -> None:
    victim = await asyncpg.connect(empty)
    pid = victim.get_server_pid()
    run = asyncio.create_task(migrate(victim, migrations=[replace(FIRST, sql="SELECT pg_sleep(60);")]))
    while not await owner.fetchval("SELECT true FROM pg_locks WHERE locktype = 'advisory' AND pid = $1", pid):
        assert not run.done()
    await owner.execute("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await run
    assert await migrate(owner, migrations=[FIRST]) == ["0001_pre_first"]


async def test_the_copy_of_each_test_is_migrated(owner_conn: asyncpg.Connection) -> None:
    applied = await owner_conn.fetch("SELECT number FROM schema_migrations ORDER BY number")
    assert [row["number"] for row in applied] == [migration.number for migration in MIGRATIONS]
