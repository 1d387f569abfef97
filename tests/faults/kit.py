"""What the fault tests share: doors that hold a statement back, and the questions asked after every fault."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from bubuh.core.ids import read_id
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.books import Books, read_books
from bubuh.drill.history import check_history
from bubuh.drill.journal import Entry, Told
from tests.service.conftest import LETTER, Citizen, Running, until
from tests.service.test_kills import Step

KEPT = Step("S0 before the document's row", "documents", "BEFORE INSERT")
HELD = Step("S1 before the stamp's row", "stamps", "BEFORE INSERT")


def fault(letter: str) -> pytest.MarkDecorator:
    """Marks a test as that of a fault in docs/reference/faults.md."""
    return pytest.mark.fault(letter)


async def assert_whole(service: Running, *, told: list[Entry] | None = None) -> Books:
    """All invariants hold, stored bytes included, and the history of every stamp and order is whole."""
    report = await asyncio.to_thread(service.json, "quota", "reconcile", "--full")
    assert report == {"balanced": True, "differences": []}
    async with await Database.open(service.run.databases[APP], size=1) as db:
        books = await read_books(db)
    known = [Entry(at_s=0.0, told=Told.ACCEPTED, account=row.account, id=row.id) for row in books.stamps]
    assert check_history([*known, *(told or [])], books) == []
    return books


def accepted(citizen: Citizen, stamp_id: str) -> Entry:
    """What the citizen was told."""
    return Entry(at_s=0.0, told=Told.ACCEPTED, account=citizen.account, id=stamp_id)


async def quota(citizen: Citizen) -> tuple[int, int, int]:
    """Free, held, used."""
    told = (await asyncio.to_thread(citizen.http.get, "/v1/quota")).json()
    return told["free"], told["held"], told["used"]


def upload(citizen: Citizen, key: str) -> httpx.Response:
    """One try at uploading the letter."""
    headers = {"Content-Type": "application/pdf", "Idempotency-Key": key}
    return citizen.http.post("/v1/documents", content=LETTER.read_bytes(), headers=headers)


def insist(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask the same until the service answers with anything but silence, 429 or 5xx."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        with contextlib.suppress(httpx.TransportError):
            answer = ask()
            answers.append(answer)
            return answer.status_code < 500 and answer.status_code != 429
        return False

    until(answered, within_s=60)
    return answers[-1]


def fresh_key() -> str:
    return str(uuid.uuid4())


async def state_of(conn: asyncpg.Connection, stamp_id: str) -> dict[str, Any]:
    row = await conn.fetchrow(
        "SELECT s.state, s.serial_no, s.fence, s.deaths, s.lease_owner, l.signature, l.digest "
        "FROM stamps AS s LEFT JOIN seals AS l ON l.stamp_id = s.id WHERE s.id = $1",
        read_id("stm", stamp_id),
    )
    assert row is not None
    return dict(row)


async def until_row(conn: asyncpg.Connection, sql: str, *args: object, within_s: float = 30.0) -> None:
    """Wait until the statement answers true: a row to be reached, not a time to pass."""
    async with asyncio.timeout(within_s):
        while not await conn.fetchval(sql, *args):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.005)


@contextmanager
def paused(*pids: int) -> Iterator[None]:
    """The processes stand still while the block runs."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def own_process(service: Running, *command: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the service, beside those that `up` looks after."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BUBUH_")}
    environment |= {"BUBUH_DATA": str(service.data)} | settings
    with (service.data.parent / f"own-{command[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bubuh", *command], env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def program(name: str) -> str:
    """The path of a program that a fault needs; without it a loud skip, or a failure where CI=true."""
    found = shutil.which(name)
    if found is not None:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing: `./test` installs it")
    pytest.skip(f"NOT TESTED: {name} is not here")


def mounted(*options: str, what: str, where: Path) -> contextlib.AbstractContextManager[None]:
    """Mount something for the block, or skip loudly where that is not allowed."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("NOT TESTED: mounting needs root")
    done = subprocess.run(["mount", *options, what, str(where)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: mounts are not allowed here: {done.stderr.strip()}")
    return _unmounted(where)


@contextmanager
def _unmounted(where: Path) -> Iterator[None]:
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=True)


@asynccontextmanager
async def trigger(
    service: Running, *, table: str, body: str, when: str = "BEFORE INSERT"
) -> AsyncIterator[None]:
    """A trigger of the test's own on one table; `body` may call nextval('fault_tries')."""
    owner = await service.owner()
    try:
        await owner.execute("CREATE SEQUENCE fault_tries")
        await owner.execute(
            f"CREATE FUNCTION fault_here() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
            f"BEGIN {body} RETURN NEW; END $$"
        )
        await owner.execute(
            f"CREATE TRIGGER fault_here {when} ON {table} FOR EACH ROW EXECUTE FUNCTION fault_here()"
        )
        yield
    finally:
        await owner.execute(f"DROP TRIGGER IF EXISTS fault_here ON {table}")
        await owner.execute("DROP FUNCTION IF EXISTS fault_here")
        await owner.execute("DROP SEQUENCE IF EXISTS fault_tries")
        await owner.close()
