"""The development gateway as a real process, and a real receiver of its notices: fixtures."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from litestar import Litestar, Request, Response, post

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.db.pool import Database
from bubuh.gateway_dev import Credentials
from bubuh.identity.model import Principal, Scope
from bubuh.orders.model import Placed
from bubuh.orders.place import PlaceBatches, place
from bubuh.payments.model import Method
from bubuh.payments.refusals import NoticeForged
from bubuh.payments.take_notice import take_notice

SECRET = b"a secret between the gateway and us"

CUSTOMER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BANK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CREDENTIALS = Credentials(
    native=SECRET,
    midtrans_server_key="SB-Mid-server-uji",
    xendit_secret_key="xnd_development_uji",
    xendit_callback_token="token panggilan",
    xendit_callback_secret="rahasia panggilan",
    snap_client_key="BUBUH-SNAP",
    snap_client_secret="rahasia bank",
    snap_customer_key=CUSTOMER_KEY.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    snap_token_key=BANK_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
)

_PROGRAM = """
import socket, sys
from pathlib import Path
import msgspec, uvicorn
from bubuh.gateway_dev import Credentials, create_app
folder = Path(sys.argv[1])
notify = folder / "notify"
app = create_app(
    folder / "book.jsonl",
    msgspec.json.decode((folder / "credentials").read_bytes(), type=Credentials),
    lambda: notify.read_text() if notify.exists() else None,
)
config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])
"""


@dataclass
class RunningGateway:
    """A gateway process on a folder of its own. It can be killed and started again."""

    folder: Path
    listener: socket.socket  #: ours, as a supervisor's is: the address stays, callers wait out a restart
    process: subprocess.Popen[bytes] | None = None
    log: bytes = field(default=b"", repr=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def book_path(self) -> Path:
        return self.folder / "book.jsonl"

    def start(self) -> None:
        fd = self.listener.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(self.folder), str(fd)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[fd],
        )
        httpx.get(f"{self.address}/health", timeout=60, trust_env=False).raise_for_status()

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.log += self.process.communicate(timeout=20)[0]
        self.process = None

    def notify(self, url: str) -> None:
        unfinished = self.folder / "notify.new"
        unfinished.write_text(url)
        unfinished.replace(self.folder / "notify")

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call signed as the gateway wants it, written out here once more."""
        raw = b"" if body is None else json.dumps(body).encode()
        timestamp = str(int(time.time()))
        message = f"{timestamp}.{method} {path}.".encode() + raw
        signature = hmac.new(SECRET, message, hashlib.sha256).hexdigest()
        headers = {"Bubuh-Dev-Timestamp": timestamp, "Bubuh-Dev-Signature": signature}
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.request(method, self.address + path, content=raw, headers=headers)

    async def script(self, **faults: float) -> None:
        assert (await self.call("PUT", "/script", faults)).status_code == 200

    async def pay(self, reference: str, **how: Any) -> dict[str, Any]:
        """Pay as a program does."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.address}/pay/{reference}", json=how)
        assert answer.status_code == 200, answer.text
        paid: dict[str, Any] = answer.json()
        return paid

    async def reverse(self, reference: str, payment_no: str) -> dict[str, Any]:
        """The payer's bank takes its money back."""
        async with httpx.AsyncClient(trust_env=False) as client:
            path = f"{self.address}/pay/{reference}/reversals"
            answer = await client.post(path, json={"payment_no": payment_no})
        assert answer.status_code == 200, answer.text
        reversed_: dict[str, Any] = answer.json()
        return reversed_

    async def book(self) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = (await self.call("GET", "/book")).json()
        return shown


@contextmanager
def running_gateway(folder: Path) -> Iterator[RunningGateway]:
    (folder / "credentials").write_bytes(msgspec.json.encode(CREDENTIALS))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = RunningGateway(folder, listener)
        running.start()
        try:
            yield running
        finally:
            if running.process is not None:
                running.end()


@dataclass
class Inbox:
    """A web server that keeps notices as ours does, and remembers what it answered."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    one_more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answered(self, status: int) -> None:
        async with self.one_more:
            self.answers.append(status)
            self.one_more.notify_all()

    async def until(self, answers: int, *, within_s: float = 20) -> None:
        async with asyncio.timeout(within_s), self.one_more:
            await self.one_more.wait_for(lambda: len(self.answers) >= answers)


@asynccontextmanager
async def running_inbox(db: Database, gateway: DevelopmentGateway) -> AsyncIterator[Inbox]:
    inbox = Inbox()

    @post("/gateway/development/notices")
    async def take(request: Request[Any, Any, Any]) -> Response[None]:
        try:
            await take_notice(
                await request.body(), dict(request.headers), gateway=gateway, db=db, now=datetime.now(UTC)
            )
        except NoticeForged:
            await inbox.answered(401)
            return Response(None, status_code=401)
        except DatabaseUnavailable:
            await inbox.answered(503)
            return Response(None, status_code=503)
        await inbox.answered(200)
        return Response(None, status_code=200)

    listener = socket.create_server(("127.0.0.1", 0))
    inbox.address = f"http://127.0.0.1:{listener.getsockname()[1]}/gateway/development/notices"
    config = uvicorn.Config(Litestar([take], openapi_config=None), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    yield inbox
    server.should_exit = True
    await task


@dataclass(frozen=True)
class Shop:
    """An account that buys at a gateway, with what the tests look at."""

    db: Database
    running: RunningGateway
    gateway: DevelopmentGateway
    principal: Principal

    @property
    def account_id(self) -> AccountId:
        return self.principal.account_id

    @property
    def gateways(self) -> Mapping[str, DevelopmentGateway]:
        return {self.gateway.name: self.gateway}

    async def place(
        self,
        stamps: int = 3,
        *,
        method: Method = Method.QRIS,
        order_id: UUID | None = None,
        valid_s: float = 3600,
        is_only: bool = False,
        batches: PlaceBatches | None = None,
    ) -> Placed:
        return await place(
            self.principal,
            stamps=stamps,
            method=method,
            order_id=order_id or fresh_id(self.account_id),
            db=self.db,
            gateways=self.gateways,
            valid_s=valid_s,
            is_only=is_only,
            batches=batches,
        )

    async def free(self) -> int:
        sql = "SELECT coalesce(sum(free), 0)::bigint FROM quota_balances WHERE account_id = $1"
        return int(await self.db.fetchval(sql, self.account_id))

    async def events(self, order_id: UUID) -> set[str]:
        rows = await self.db.fetch("SELECT state FROM order_events WHERE order_id = $1", order_id)
        return {row["state"] for row in rows}


def make_principal(account_id: AccountId | None = None) -> Principal:
    return Principal(
        user_id=uuid4(),
        account_id=account_id or fresh_account_id(),
        scopes=frozenset({Scope.ALL}),
        roles=frozenset(),
    )


@pytest.fixture(scope="session")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One process for many tests; references never meet."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
async def running(gateway_process: RunningGateway) -> RunningGateway:
    """The shared process. Its notices are lost, unless `inbox` is there to hear them."""
    await gateway_process.script(lose=1)
    return gateway_process


@pytest.fixture
async def own_gateway(tmp_path: Path) -> AsyncIterator[RunningGateway]:
    """A process of this test's own, to be killed."""
    with running_gateway(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(running: RunningGateway) -> AsyncIterator[DevelopmentGateway]:
    client = DevelopmentGateway(lambda: running.address, [SECRET])
    yield client
    await client.close()


@pytest.fixture
async def inbox(db: Database, running: RunningGateway, gateway: DevelopmentGateway) -> AsyncIterator[Inbox]:
    """The receiver of the shared gateway's notices, on this test's own database."""
    async with running_inbox(db, gateway) as inbox:
        running.notify(inbox.address)
        await running.script()
        yield inbox
        await running.script(lose=1)
        (running.folder / "notify").unlink()


@pytest.fixture
def shop(db: Database, running: RunningGateway, gateway: DevelopmentGateway) -> Shop:
    return Shop(db, running, gateway, make_principal())


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
