from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from bubuh.core.errors import DatabaseUnavailable
from bubuh.db.local import LocalPostgres
from bubuh.db.pool import _DURABLE, Conn, Database, NotDurable, RoleTooStrong
from bubuh.db.postmaster import residents
from bubuh.db.roles import APP
from tests.conftest import Dsns


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "synchronous_commit = local"])
async def test_a_server_that_may_forget_is_refused(setting: str, dsns: Dsns) -> None:
    admin = await asyncpg.connect(dsns.superuser)
    await admin.execute(f"ALTER DATABASE {dsns.name} SET {setting}")
    await admin.close()
    with pytest.raises(NotDurable, match=setting):
        await Database.open(dsns.app, size=1)


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "synchronous_commit = remote_write"])
async def test_a_role_that_may_forget_is_refused(setting: str, dsns: Dsns) -> None:
    admin = await asyncpg.connect(dsns.superuser)
    await admin.execute(f"ALTER ROLE {APP} IN DATABASE {dsns.name} SET {setting}")
    await admin.close()
    with pytest.raises(NotDurable, match=setting):
        await Database.open(dsns.app, size=1)
    async with await Database.open(dsns.signer, size=1) as other:
        assert await other.fetchval("SELECT 1") == 1


async def test_one_connection_that_may_forget_does_not_serve_while_the_others_do(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=2) as db:
        admin = await asyncpg.connect(dsns.superuser)
        await admin.execute(f"ALTER ROLE {APP} IN DATABASE {dsns.name} SET synchronous_commit = off")
        await admin.close()
        async with db.connection() as first:
            with pytest.raises(NotDurable, match="synchronous_commit = off"):
                await db.fetchval("SELECT 1")  # a second connection would be made for it
            assert await first.fetchval("SHOW synchronous_commit") == "on"


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit", "wal_level"])
async def test_every_setting_that_keeps_writes_is_asked_of_each_connection(name: str, conn: Conn) -> None:
    assert await conn.fetchval("SELECT current_setting($1)", name) in _DURABLE[name]


async def test_a_connection_made_later_is_checked_too(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        admin = await asyncpg.connect(dsns.superuser)
        await admin.execute(f"ALTER DATABASE {dsns.name} SET synchronous_commit = off")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = $2",
            dsns.name,
            APP,
        )
        await admin.close()
        await until_cut(db)
        with pytest.raises(NotDurable):
            await db.fetchval("SELECT 1")


async def until_cut(db: Database) -> None:
    """Use the pool until it has noticed that its connections are gone."""
    while True:
        try:
            await db.fetchval("SELECT 1")
        except DatabaseUnavailable:
            continue
        except NotDurable:
            return


async def test_a_superuser_is_refused(dsns: Dsns) -> None:
    with pytest.raises(RoleTooStrong):
        await Database.open(dsns.superuser, size=1)
    async with await Database.open(dsns.superuser, size=1, role_checks=False) as db:
        assert await db.fetchval("SELECT 1") == 1


async def test_documents_and_ids_travel_as_themselves(db: Database) -> None:
    document = {"pages": [1, 2], "name": "surat lamaran", "nothing": None}
    assert await db.fetchval("SELECT $1::jsonb", document) == document
    assert await db.fetchval("SELECT $1::json", document) == document
    some_id = uuid4()
    answer = await db.fetchval("SELECT $1::uuid", some_id)
    assert isinstance(answer, UUID)
    assert answer == some_id
    assert msgspec.json.decode(msgspec.json.encode({"id": answer}))["id"] == str(some_id)


async def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    async def break_off() -> None:
        async with db.transaction() as conn:
            await conn.execute("SELECT set_config('bubuh.mark', 'left', false)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert await db.fetchval("SELECT coalesce(current_setting('bubuh.mark', true), '')") == ""


async def test_nobody_there_is_unavailable(dsns: Dsns) -> None:
    with pytest.raises(DatabaseUnavailable, match="FileNotFoundError"):
        await Database.open(dsns.app.replace("host=", "host=/nowhere"), size=1)


async def test_a_server_that_is_coming_is_waited_for(server: LocalPostgres) -> None:
    server.stop()
    opening = asyncio.create_task(Database.open(server.dsn(APP), size=1, patience_s=60))
    await asyncio.sleep(0.3)
    assert not opening.done()
    server.start()
    async with await opening as db:
        assert await db.fetchval("SELECT 1") == 1


async def test_a_full_pool_is_unavailable_not_endless(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db, db.connection():
        db._lender.timeout_s = 0.05  # the time to connect had the longer one
        with pytest.raises(DatabaseUnavailable):
            await db.fetchval("SELECT 1")


async def test_a_file_missing_in_the_callers_lines_stays_what_it_is(db: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with db.connection():
            raise FileNotFoundError("not the database")


async def test_a_wrong_argument_is_our_mistake_not_the_servers(db: Database) -> None:
    with pytest.raises(asyncpg.DataError):
        await db.fetchval("SELECT $1::int", "not a number")


async def test_a_statement_that_takes_too_long_is_unavailable(db: Database) -> None:
    async def oversleep() -> None:
        async with db.transaction() as conn:
            await conn.execute("SET LOCAL statement_timeout = '20ms'")
            await conn.execute("SELECT pg_sleep(5)")

    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        await oversleep()
    assert await db.fetchval("SELECT 1") == 1


async def test_killed_in_the_middle_is_unavailable_and_back_is_back(server: LocalPostgres) -> None:
    async with await Database.open(server.dsn(APP), size=2) as db:
        async with asyncio.TaskGroup() as group:
            asleep = group.create_task(outcome_of(db, "SELECT pg_sleep(9)"))
            in_transaction = group.create_task(outcome_of_transaction(db))
            await asyncio.sleep(0.1)
            os.kill(server.pid, signal.SIGKILL)
        assert isinstance(asleep.result(), DatabaseUnavailable)
        assert isinstance(in_transaction.result(), DatabaseUnavailable)
        assert isinstance(await outcome_of(db, "SELECT 1"), DatabaseUnavailable)
        server.restart()
        assert await db.fetchval("SELECT 1") == 1


async def outcome_of(db: Database, sql: str) -> object:
    try:
        return await db.fetchval(sql)
    except DatabaseUnavailable as error:
        return error


async def outcome_of_transaction(db: Database) -> object:
    try:
        async with db.transaction() as conn:
            await conn.execute("SELECT 1")
            return await conn.fetchval("SELECT pg_sleep(9)")
    except DatabaseUnavailable as error:
        return error


def send(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # a background worker that has just ended
            os.kill(pid, what)


async def test_a_server_that_hangs_is_unavailable_in_time(server: LocalPostgres) -> None:
    async with await Database.open(server.dsn(APP), size=1, command_timeout_s=0.2) as db:
        frozen = [server.pid, *residents(server.home.cluster)]
        try:
            send(frozen, signal.SIGSTOP)
            async with asyncio.timeout(20):
                assert isinstance(await outcome_of(db, "SELECT 1"), DatabaseUnavailable)
        finally:
            send(frozen, signal.SIGCONT)
        assert await db.fetchval("SELECT 1") == 1


async def test_a_fast_shutdown_is_unavailable(server: LocalPostgres) -> None:
    async with await Database.open(server.dsn(APP), size=1) as db:
        async with asyncio.TaskGroup() as group:
            asleep = group.create_task(outcome_of(db, "SELECT pg_sleep(9)"))
            await asyncio.sleep(0.1)
            server.stop()
        assert isinstance(asleep.result(), DatabaseUnavailable)
