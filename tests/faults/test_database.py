"""B: the database is killed, quarrels, is full of others, refuses one row, or may forget."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
from functools import partial

import asyncpg
import httpx
import pytest

from bubuh.core.ids import fresh_id, read_account
from bubuh.core.shards import shard_of_account
from bubuh.db.postmaster import residents
from bubuh.db.roles import APP
from tests.faults.kit import (
    accepted,
    assert_whole,
    fault,
    fresh_key,
    insist,
    own_process,
    program,
    quota,
    trigger,
    upload,
)
from tests.service.conftest import Citizen, Running, open_citizen, until

pytestmark = pytest.mark.service


def stamp_many(citizen: Citizen, how_many: int) -> list[str]:
    """Ask for stamps, each on a document of its own, until the service says yes to each."""
    asked = []
    for _ in range(how_many):
        document_key, key = fresh_key(), fresh_key()
        document = insist(partial(upload, citizen, document_key))
        document_id = document.json()["id"]
        answer = insist(partial(citizen.ask_for_stamp, document_id, key=key))
        asked.append(str(answer.json()["id"]))
    return asked


@fault("B1")
async def test_postgres_killed_whole_under_load_loses_nothing_that_was_acknowledged(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=9) as citizen:
        before = await asyncio.to_thread(stamp_many, citizen, 3)
        cluster = service.data / "pg" / "cluster"
        loading = asyncio.create_task(asyncio.to_thread(stamp_many, citizen, 6))
        await asyncio.sleep(rng.uniform(0, 1))
        for pid in residents(cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        answer = await asyncio.to_thread(_any_answer, citizen)
        if not answer.is_success:
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        asked = before + await loading
        for one in asked:
            assert (await asyncio.to_thread(citizen.await_end, one))["state"] == "affixed"
        assert await quota(citizen) == (0, 0, 9)
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])


def _any_answer(citizen: Citizen) -> httpx.Response:
    return citizen.http.get("/v1/quota")


@pytest.mark.long
@pytest.mark.root
@fault("B3")
async def test_a_disk_that_fails_to_flush_is_never_answered_as_if_it_had(
    service: Running, rng: random.Random
) -> None:
    """fdatasync of the WAL answers EIO: PostgreSQL panics and recovers; nobody was told that it was kept."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root may trace another user's processes")
    strace_path = program("strace")
    with open_citizen(service, stamps=6) as citizen:
        before = await asyncio.to_thread(stamp_many, citizen, 2)
        log = service.data / "logs" / "postgresql.log"
        panics = log.read_text().count("PANIC")
        targets = [
            option for pid in residents(service.data / "pg" / "cluster") for option in ("-p", str(pid))
        ]
        with subprocess.Popen(  # noqa: ASYNC220
            [
                strace_path,
                "-f",
                "-qq",
                "-e",
                "trace=fdatasync,fsync",
                "-e",
                "inject=fdatasync,fsync:error=EIO",
                *targets,
            ],
            stderr=subprocess.DEVNULL,
        ) as strace:
            loading = asyncio.create_task(asyncio.to_thread(stamp_many, citizen, 4))
            try:
                await asyncio.to_thread(until, lambda: log.read_text().count("PANIC") > panics, within_s=30)
            finally:
                strace.send_signal(signal.SIGINT)
        asked = before + await loading
        for one in asked:
            await asyncio.to_thread(citizen.await_end, one)
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])


@pytest.mark.long
@fault("B10")
async def test_deadlocks_and_serialization_failures_never_reach_a_client_as_500(
    service: Running, rng: random.Random
) -> None:
    """Three of ten movements of quota fail with 40001 or 40P01, chosen by the seed."""
    wrong = rng.sample(range(10), 3)
    body = (
        f"IF nextval('fault_tries') % 10 = ANY (ARRAY{wrong}) THEN RAISE EXCEPTION 'quarrel' "
        f"USING ERRCODE = CASE WHEN nextval('fault_tries') % 2 = 0 THEN '40001' ELSE '40P01' END; END IF;"
    )
    with open_citizen(service, stamps=8) as citizen:
        async with trigger(service, table="quota_transfers", body=body):
            statuses, asked = await asyncio.to_thread(_ask_all, citizen, 8)
            for one in asked:
                assert (await asyncio.to_thread(citizen.await_end, one))["state"] == "affixed"
        assert set(statuses) <= {202, 503}
        assert await quota(citizen) == (0, 0, 8)
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])


def _ask_all(citizen: Citizen, how_many: int) -> tuple[list[int], list[str]]:
    """Stamps asked for, each until it is accepted; every status that came."""
    statuses: list[int] = []
    asked: list[str] = []
    for _ in range(how_many):
        document_id, key = citizen.upload(), fresh_key()
        answer = citizen.ask_for_stamp(document_id, key=key)
        statuses.append(answer.status_code)
        while answer.status_code != 202:
            answer = citizen.ask_for_stamp(document_id, key=key)
            statuses.append(answer.status_code)
        asked.append(str(answer.json()["id"]))
    return statuses, asked


@pytest.mark.long
@fault("B11")
async def test_a_service_whose_connections_are_all_held_up_refuses_and_goes_on_after(
    service: Running, rng: random.Random
) -> None:
    """Somebody locks every balance: whoever asks for quota holds a connection until its time is over."""
    with open_citizen(service, stamps=1) as citizen:
        document_id = citizen.upload()
        blocker = await service.owner()
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE quota_balances IN ACCESS EXCLUSIVE MODE")
            async with httpx.AsyncClient(
                base_url=service.url, headers=citizen.http.headers, timeout=60
            ) as crowd:
                asking = [asyncio.create_task(crowd.get("/v1/quota")) for _ in range(60)]
                done, _ = await asyncio.wait(asking, timeout=1)
                assert not done, "all of them wait for the lock"
                alive = await crowd.get("/health/live")
                page = await crowd.get("/")
                answers = await asyncio.gather(*asking)
        await blocker.close()
        assert alive.is_success
        assert page.is_success
        assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "database_unavailable")}
        assert all(int(one.headers["Retry-After"]) > 0 for one in answers)
        stamp = await asyncio.to_thread(insist, lambda: citizen.ask_for_stamp(document_id, key="b11"))
        assert (await asyncio.to_thread(citizen.await_end, stamp.json()["id"]))["state"] == "affixed"
        await assert_whole(service)


@pytest.mark.long
@fault("B12")
async def test_a_client_that_falls_asleep_over_a_lock_is_ended(service: Running, rng: random.Random) -> None:
    """A session of the application's role holds an account's balance and does nothing more."""
    with open_citizen(service, stamps=2) as citizen:
        document_id = citizen.upload()
        account = read_account(citizen.account)
        sleeper = await service.connect(APP)
        await sleeper.execute("BEGIN")
        await sleeper.fetch(
            "SELECT * FROM quota_hold_n($1, $2::uuid[], $3::bigint[], $4::bigint[], 'refund', $5::text[])",
            shard_of_account(account),
            [fresh_id(account)],
            [account],
            [1],
            ["asleep"],
        )
        stamp = await asyncio.to_thread(insist, lambda: citizen.ask_for_stamp(document_id, key="b12"))
        assert (await asyncio.to_thread(citizen.await_end, stamp.json()["id"]))["state"] == "affixed"
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await sleeper.execute("COMMIT")
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, stamp.json()["id"])])


TABLES = ["seals"]
MORE_TABLES = [
    "document_revisions",
    "documents",
    "stamps",
    "stamp_events",
    "quota_holds",
    "quota_transfers",
    "log_leaves",
    "outbox_facts",
]


async def one_insert_fails(service: Running, table: str) -> None:
    body = "IF nextval('fault_tries') = 1 THEN RAISE EXCEPTION 'this one row, this once'; END IF;"
    with open_citizen(service, stamps=2) as citizen:
        async with trigger(service, table=table, body=body):
            (stamp_id,) = await asyncio.to_thread(stamp_many, citizen, 1)
            assert (await asyncio.to_thread(citizen.await_end, stamp_id))["state"] == "affixed"
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@fault("B13")
@pytest.mark.parametrize("table", TABLES)
async def test_one_insert_that_fails_once_is_made_up_for(
    service: Running, table: str, rng: random.Random
) -> None:
    await one_insert_fails(service, table)


@pytest.mark.long
@fault("B13")
@pytest.mark.parametrize("table", MORE_TABLES)
async def test_any_one_insert_that_fails_once_is_made_up_for(
    service: Running, table: str, rng: random.Random
) -> None:
    await one_insert_fails(service, table)


@fault("B14")
async def test_a_process_whose_sessions_may_forget_refuses_to_serve(
    service: Running, rng: random.Random
) -> None:
    admin = await service.superuser()
    await admin.execute(f"ALTER ROLE {APP} SET synchronous_commit = off")
    try:
        with own_process(service, "web", "--port", "0") as web:
            assert await asyncio.to_thread(web.wait, 60) != 0
    finally:
        await admin.execute(f"ALTER ROLE {APP} RESET synchronous_commit")
        await admin.close()
    assert "database_not_durable" in (service.data.parent / "own-web.log").read_text()
    await assert_whole(service)
