"""kill -9 of each process at each step of the saga: affixed once or returned once, and the books balance.

No hooks in the product: a trigger that this test puts into its own database makes the one statement of a
step wait for a lock, so that the step before is committed and the next is not. While it waits, the
victim is killed, and the statement that waited is cut with it.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from bubuh.core.ids import read_id
from bubuh.stamping.affix import MOST_DEATHS
from bubuh.stamping.moves import ReturnReason
from tests.service.conftest import ENDED_WITHIN_S, Citizen, Running, open_citizen, until

pytestmark = pytest.mark.service

GATE = 4711  # the advisory lock that stands for the step's door


@dataclass(frozen=True)
class Step:
    """A statement to be held back: when `when` happens to `table`."""

    name: str
    table: str
    when: str


INTENT = Step("S2 before the intent", "stamps", "BEFORE UPDATE OF serial")
DIGEST = Step("S3 before the digest", "stamps", "BEFORE UPDATE OF digest")
SEAL = Step("S4 before the seal", "seals", "BEFORE INSERT")
CAPTURE = Step("S6 before the capture", "document_revisions", "BEFORE INSERT")
STEPS = [INTENT, DIGEST, SEAL, CAPTURE]

SHORT = [("worker", INTENT), ("worker", DIGEST), ("worker", SEAL), ("worker", CAPTURE)]
SHORT += [("signer", SEAL), ("postgres", CAPTURE)]
QUICK = [("worker", DIGEST), ("signer", SEAL)]  # of the short ones, those in the gate
LONG = [(who, step) for who in ("signer", "postgres") for step in STEPS if (who, step) not in SHORT]


@asynccontextmanager
async def held_at(service: Running, step: Step) -> AsyncIterator[asyncpg.Connection]:
    """The step's statement waits while the block runs; gives the connection that holds it back."""
    owner = await service.owner()
    await owner.execute("SET statement_timeout = 0")
    await owner.execute(
        f"CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$"
    )
    await owner.execute(
        f"CREATE TRIGGER gate {step.when} ON {step.table} FOR EACH ROW EXECUTE FUNCTION wait_at_gate()"
    )
    await owner.execute(f"SELECT pg_advisory_lock({GATE})")
    try:
        yield owner
    finally:
        owner.terminate()  # its lock goes with it, whether the database lives or was the victim
        fresh = await _connect_again(service)
        await fresh.execute(f"DROP TRIGGER gate ON {step.table}")
        await fresh.close()


async def someone_waits(owner: asyncpg.Connection) -> int:
    """The process id of the backend that has come to the gate."""
    async with asyncio.timeout(60):
        while True:
            pid = await owner.fetchval(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted LIMIT 1",
                GATE,
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.02)


async def nobody_waits(owner: asyncpg.Connection) -> None:
    """The backends that were cut are gone from the gate."""
    async with asyncio.timeout(60):
        while await owner.fetchval(  # noqa: ASYNC110 - locks ring no event
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted", GATE
        ):
            await asyncio.sleep(0.02)


async def cut(service: Running) -> None:
    """End every backend that waits at the gate: its client is dead, and its statement must not go on."""
    admin = await service.superuser()
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks "
        "WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
        GATE,
    )
    await admin.close()


async def killed_at(
    service: Running, citizen: Citizen, victim: str, step: Step
) -> tuple[str, dict[str, Any]]:
    """Kill `victim` while the stamp stands just before `step`; the stamp's id, and its row at that moment."""
    document_id = await asyncio.to_thread(citizen.upload)
    async with held_at(service, step) as owner:
        stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
        await someone_waits(owner)
        row = await _row(owner, stamp_id)
        service.kill(victim)
        if victim != "postgres":
            await cut(service)
    return stamp_id, row


async def assert_it_ended_once(
    service: Running, citizen: Citizen, stamp_id: str, before: dict[str, Any]
) -> None:
    stamp = await asyncio.to_thread(citizen.await_end, stamp_id)
    owner = await _connect_again(service)
    row = await _row(owner, stamp_id)
    events = await owner.fetch(
        "SELECT state FROM stamp_events WHERE stamp_id = $1 AND state IN ('affixed', 'returned')",
        UUID(row["id"]),
    )
    await owner.close()
    assert [event["state"] for event in events] == [stamp["state"]]
    if stamp["state"] == "affixed":
        assert stamp["serial"] == row["serial_no"]
        first = await asyncio.to_thread(citizen.download, stamp_id)
        assert first == await asyncio.to_thread(citizen.download, stamp_id)
    if before["serial_no"] is not None and stamp["state"] == "affixed":
        assert stamp["serial"] == before["serial_no"]
    if before["digest"] is not None:
        assert (row["digest"], row["file_id"]) == (before["digest"], before["file_id"])
    if before["signature"] is not None:
        assert stamp["state"] == "affixed"
        assert row["signature"] == before["signature"]
    assert await asyncio.to_thread(service.json, "quota", "reconcile", "--full") == {
        "balanced": True,
        "differences": [],
    }


@pytest.mark.parametrize(
    ("victim", "step"),
    [pytest.param(*one, marks=() if one in QUICK else pytest.mark.long) for one in SHORT],
    ids=lambda part: getattr(part, "name", part),
)
async def test_a_kill_at_this_step_loses_nothing(service: Running, victim: str, step: Step) -> None:
    with open_citizen(service, stamps=2) as citizen:
        stamp_id, before = await killed_at(service, citizen, victim, step)
        await assert_it_ended_once(service, citizen, stamp_id, before)
        assert citizen.await_end(stamp_id)["state"] == "affixed"
        quota = citizen.http.get("/v1/quota").json()
        assert (quota["free"], quota["held"], quota["used"]) == (1, 0, 1)


@pytest.mark.long
@pytest.mark.parametrize(("victim", "step"), LONG, ids=lambda part: getattr(part, "name", part))
async def test_a_kill_at_any_other_step_loses_nothing(service: Running, victim: str, step: Step) -> None:
    with open_citizen(service, stamps=2) as citizen:
        stamp_id, before = await killed_at(service, citizen, victim, step)
        await assert_it_ended_once(service, citizen, stamp_id, before)


@pytest.mark.long
async def test_a_seal_that_stands_is_used_by_whoever_comes_next(service: Running) -> None:
    """The worker dies after the seal is committed: serial, signature and bytes stay the same."""
    with open_citizen(service, stamps=1) as citizen:
        stamp_id, before = await killed_at(service, citizen, "worker", CAPTURE)
        assert before["signature"] is not None
        await assert_it_ended_once(service, citizen, stamp_id, before)


@pytest.mark.long
async def test_a_document_over_which_the_worker_dies_three_times_is_given_up(service: Running) -> None:
    with open_citizen(service, stamps=1) as citizen:
        document_id = await asyncio.to_thread(citizen.upload)
        async with held_at(service, DIGEST) as owner:
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            for _ in range(MOST_DEATHS):
                await someone_waits(owner)
                service.kill("worker")
                await cut(service)
                await nobody_waits(owner)
            before = await _row(owner, stamp_id)
            stamp = await asyncio.to_thread(citizen.await_end, stamp_id)
        assert (stamp["state"], stamp["reason"]) == ("returned", ReturnReason.WORKER_DIED)
        await assert_it_ended_once(service, citizen, stamp_id, before)
        quota = citizen.http.get("/v1/quota").json()
        assert (quota["free"], quota["held"], quota["used"]) == (1, 0, 0)


@pytest.mark.long
def test_a_service_whose_processes_die_again_and_again_still_ends_every_stamp(service: Running) -> None:
    with open_citizen(service, stamps=6) as citizen, _killing(service, ["worker", "signer", "web"]):
        wanted = [_asked_until_answered(citizen) for _ in range(6)]
    with open_citizen(service, stamps=1) as bystander:
        bystander.await_end(bystander.ask_for_stamp(bystander.upload()).json()["id"])
    assert service.json("quota", "reconcile", "--full") == {"balanced": True, "differences": []}
    assert len(set(wanted)) == 6


def _asked_until_answered(citizen: Citizen) -> str:
    """The id of one stamp, asked for under one key: an answer that a kill took may have been a yes."""
    key, document_id, give_up = str(uuid.uuid4()), "", time.monotonic() + ENDED_WITHIN_S
    while True:
        try:
            document_id = document_id or citizen.upload()
            answer = citizen.ask_for_stamp(document_id, key=key)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])
        except (
            httpx.TransportError,
            AssertionError,
        ):  # the service is being killed: whoever asks, asks again
            if time.monotonic() > give_up:
                raise


@contextmanager
def _killing(service: Running, victims: list[str]) -> Iterator[None]:
    """Kill one victim after the other, each once, while the block runs."""

    def kill() -> None:
        for victim in victims:
            until(partial(_lives, service, victim))
            service.kill(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        killer.join()


def _lives(service: Running, name: str) -> bool:
    try:
        return service.pid(name) > 0
    except LookupError:
        return False


async def _row(conn: asyncpg.Connection, stamp_id: str) -> dict[str, Any]:
    row = await conn.fetchrow(
        "SELECT s.id::text, s.state, s.serial_no, s.digest, s.file_id, l.signature FROM stamps AS s "
        "LEFT JOIN seals AS l ON l.stamp_id = s.id WHERE s.id = $1",
        read_id("stm", stamp_id),
    )
    assert row is not None
    return dict(row)


async def _connect_again(service: Running) -> asyncpg.Connection:
    async with asyncio.timeout(60):
        while True:
            try:
                conn = await service.owner()
                await conn.execute("SELECT 1")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.1)
            else:
                return conn


def test_the_victims_are_real_processes(service: Running) -> None:
    for name in ("web", "worker", "signer", "gateway", "postgres"):
        assert service.pid(name) != os.getpid()
