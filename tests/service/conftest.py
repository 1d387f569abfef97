"""The whole service as real processes, started the way anybody starts it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from bubuh.core.clock import utc_now
from bubuh.core.ids import AccountId, fresh_id, read_account
from bubuh.db.home import SUPERUSER
from bubuh.db.pool import connect
from bubuh.db.roles import APP, OWNER
from bubuh.pdf.seal.pki import to_pem
from bubuh.quota.allot import allot
from bubuh.settings import RunFile
from tests.authority import Authority, serving

LETTER = Path(__file__).parents[1] / "data" / "surat-lamaran.pdf"
READY_WITHIN_S = 90.0
ENDED_WITHIN_S = 60.0  # what is promised: affixed or returned


@dataclass(frozen=True)
class Running:
    """One running service and its data folder."""

    up: subprocess.Popen[bytes]
    data: Path

    @property
    def run(self) -> RunFile:
        return RunFile.read(self.data.resolve())

    @property
    def url(self) -> str:
        assert self.run.web is not None
        return self.run.web

    def bubuh(self, *command: str) -> subprocess.CompletedProcess[str]:
        return bubuh(*command, data=self.data)

    def json(self, *command: str) -> dict[str, Any]:
        done = self.bubuh(*command, "--json")
        assert done.returncode == 0, done.stderr
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts

    async def connect(self, role: str = APP) -> asyncpg.Connection:
        return await asyncpg.connect(self.run.databases[role])

    async def owner(self) -> asyncpg.Connection:
        return await self.connect(OWNER)

    async def superuser(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.run.databases[OWNER].replace(OWNER, SUPERUSER))

    def pid(self, name: str) -> int:
        """The process of this name that lives now: the supervisor starts others in place of the dead."""
        if name == "postgres":
            return int((self.data / "pg" / "cluster" / "postmaster.pid").read_text().split()[0])
        wanted = f"bubuh {name.partition('-')[0]} ".encode()
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                line = _read(process / "cmdline").replace(b"\0", b" ")
                if b"-m " + wanted in line and _parent(process) == self.up.pid:
                    return int(process.name)
        raise LookupError(name)

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)


@dataclass(frozen=True)
class Citizen:
    """An account with a key, over HTTP."""

    account: str
    http: httpx.Client

    def upload(self, document: bytes | None = None) -> str:
        answer = self.http.post(
            "/v1/documents",
            content=document or LETTER.read_bytes(),
            headers={"Content-Type": "application/pdf", "Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ask_for_stamp(self, document_id: str, *, key: str | None = None, **headers: str) -> httpx.Response:
        wanted = {
            "document_id": document_id,
            "page": 1,
            "x": 400.0,
            "y": 600.0,
            "width": 70.0,
            "document_type": "surat lamaran",
            "document_no": "1",
            "document_date": "2026-11-22",
        }
        return self.http.post(
            "/v1/stamps", json=wanted, headers={"Idempotency-Key": key or str(uuid.uuid4())} | headers
        )

    def await_end(self, stamp_id: str, *, within_s: float = ENDED_WITHIN_S) -> dict[str, Any]:
        """The stamp once it has ended; a service that is down meanwhile is asked again."""
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            try:
                answer = self.http.get(f"/v1/stamps/{stamp_id}")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                stamp: dict[str, Any] = answer.json()
                if stamp["state"] in {"affixed", "returned"}:
                    return stamp
            time.sleep(0.1)
        raise AssertionError(f"stamp {stamp_id} has not ended after {within_s} s")

    def download(self, stamp_id: str) -> bytes:
        answer = self.http.get(f"/v1/stamps/{stamp_id}/document")
        assert answer.status_code == 200, answer.text
        return answer.content


def bubuh(*command: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bubuh", *command],
        env=os.environ | {"BUBUH_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def fresh_folder() -> Path:
    """A folder that the service's own users can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="bubuh-service-"))
    folder.chmod(0o755)
    return folder


@contextmanager
def running_service(data: Path, *options: str, **settings: str) -> Iterator[Running]:
    """`bubuh up` over `data`, with nothing of this process's settings but what is given."""
    with (data.parent / "up.log").open("ab") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "bubuh", "up", "--port", "0", "--data", str(data), *options],
            stdout=log,
            stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("BUBUH_")}
            | settings,
        )
        try:
            _until_ready(up, data)
            yield Running(up, data)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)


class Shared:
    """A service for several files, one after the other. It runs from the first that asks until `stop`."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._running: Running | None = None

    def get(self) -> Running:
        if self._running is None:
            self._running = self._held.enter_context(of_its_own())
        return self._running

    def stop(self) -> None:
        self._running = None
        self._held.close()


SHARED = Shared()


@contextmanager
def of_its_own() -> Iterator[Running]:
    folder = fresh_folder()
    with running_service(folder / "data") as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Running]:
    """One service for all tests of a file; files marked `shared`, which leave it as it was, have one."""
    if request.node.get_closest_marker("shared"):
        yield SHARED.get()
        return
    with of_its_own() as running:
        yield running


@pytest.hookimpl(trylast=True)  # when the test's own fixtures are torn down
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """The shared service ends where the next test does not share it: it would compute beside the others."""
    if nextitem is None or nextitem.get_closest_marker("shared") is None:
        SHARED.stop()


@pytest.fixture
def citizen(service: Running) -> Iterator[Citizen]:
    with open_citizen(service, stamps=3) as citizen:
        yield citizen


@contextmanager
def open_citizen(service: Running, *, stamps: int) -> Iterator[Citizen]:
    made = httpx.post(f"{service.url}/dev/accounts", json={"name": "Siti Uji"}).raise_for_status().json()
    account, key = str(made["id"]), made["key"]
    with ThreadPoolExecutor(1) as elsewhere:  # a loop may run in this thread
        elsewhere.submit(asyncio.run, _allotted(service, read_account(account), stamps)).result()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as http:
        yield Citizen(account, http)


async def _allotted(service: Running, account_id: AccountId, stamps: int) -> None:
    """Stamps from nobody's hand, as `bubuh quota allot` gives them."""
    conn = await connect(service.run.databases[APP])
    async with conn.transaction():
        await allot(conn, ref=fresh_id(account_id), account_id=account_id, stamps=stamps, actor="local")
    await conn.close()


def until(holds: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait until `holds`; a state to be reached, not a time to pass."""
    give_up = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up, "it never came to be"
        time.sleep(0.05)


def _until_ready(up: subprocess.Popen[bytes], data: Path) -> None:
    def ready() -> bool:
        assert up.poll() is None, (data.parent / "up.log").read_text()
        try:
            run = RunFile.read(data.resolve())
            return (
                run.pids.keys() >= {"up", "gateway"}
                and run.pids["up"] == up.pid
                and httpx.get(f"{run.web}/health/ready").is_success
            )
        except Exception:  # noqa: BLE001 - not there yet, or of the run before
            return False

    until(ready, within_s=READY_WITHIN_S)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parent(process: Path) -> int:
    stat = _read(process / "stat").rpartition(b") ")[2].split()
    return int(stat[1]) if len(stat) > 1 else 0


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """An authority of time, on a port of its own."""
    with serving(Authority.found(utc_now())) as authority:
        yield authority


@contextmanager
def running_with_time(authority: Authority) -> Iterator[Running]:
    """A service that believes `authority` and wants B-LT of every stamp."""
    folder = fresh_folder()
    root = folder / "tsa.pem"
    root.write_bytes(to_pem(authority.root))
    root.chmod(0o644)
    settings = {"BUBUH_TSA_URL": authority.url, "BUBUH_TSA_ROOT": str(root), "BUBUH_LEVEL": "B-LT"}
    with running_service(folder / "data", **settings) as running:
        yield running
    shutil.rmtree(folder)
