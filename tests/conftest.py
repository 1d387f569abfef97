"""What every test may ask for: a real PostgreSQL a worker, and a migrated database of its own a test."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from bubuh.core.privileges import Uids
from bubuh.db import local
from bubuh.db.home import SUPERUSER, settle_home
from bubuh.db.local import LocalPostgres
from bubuh.db.migrate import migrate
from bubuh.db.pool import Conn, Database, connect
from bubuh.db.rights import server_owner
from bubuh.db.roles import APP, OWNER, SIGNER, ensure_database
from bubuh.sandbox import Sandbox

pytest_plugins = ["tests.budget", "tests.keys", "tests.oracles"]

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Dsns:
    """One database of the test's own server."""

    server: LocalPostgres
    name: str

    def dsn(self, role: str) -> str:
        return self.server.dsn(role, database=self.name)

    @property
    def owner(self) -> str:
        return self.dsn(OWNER)

    @property
    def app(self) -> str:
        return self.dsn(APP)

    @property
    def signer(self) -> str:
        return self.dsn(SIGNER)

    @property
    def superuser(self) -> str:
        return self.dsn(SUPERUSER)


@dataclass(frozen=True)
class Template:
    """A migrated database that nobody uses, to be copied."""

    server: LocalPostgres
    name: str

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[Dsns]:
        """A copy of it, dropped afterwards with whoever still uses it."""
        name = f"test_{uuid4().hex[:12]}"
        admin = await asyncpg.connect(self.server.dsn(SUPERUSER, database="postgres"))
        try:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {self.name} OWNER {OWNER}")
            yield Dsns(self.server, name)
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        finally:
            await admin.close()


def database_folder() -> Path:
    """A folder that PostgreSQL's user can walk to: in memory when there is room, unless told otherwise.

    The settings are those of production either way. BUBUH_TEST_DISK=1 puts it on the disk.
    """
    in_memory = (
        os.environ.get("BUBUH_TEST_DISK") != "1"
        and MEMORY.is_dir()
        and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    )
    folder = Path(tempfile.mkdtemp(prefix="bubuh-test-", dir=MEMORY if in_memory else None))
    folder.chmod(0o755)
    return folder


def forget(folder: Path) -> None:
    """Remove a data folder, and its database's home when that had to be elsewhere."""
    home = settle_home(folder, server_owner())
    shutil.rmtree(home.folder)
    if home.sockets.exists():
        shutil.rmtree(home.sockets)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    """A server of this worker's own: with our launcher that is quicker than sharing one."""
    folder = database_folder()
    server = local.start(folder)
    yield server
    server.stop()
    forget(folder)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One for all on the session's loop: it takes a second to start, and keeps nothing between documents."""
    with Sandbox.start(Uids.here().sandbox) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def template(postgres: LocalPostgres) -> Template:
    """The database that each test's own is copied from, migrated once."""
    asyncio.run(_make_template(postgres, "template_bubuh"))
    return Template(postgres, "template_bubuh")


@pytest.fixture
async def dsns(template: Template) -> AsyncIterator[Dsns]:
    """The addresses of this test's own migrated database, one a role."""
    async with template.copy() as copy:
        yield copy


@pytest.fixture
async def conn(dsns: Dsns) -> AsyncIterator[Conn]:
    """A connection to this test's own database, as the application."""
    connection = await connect(dsns.app)
    yield connection
    await connection.close()


@pytest.fixture
async def owner_conn(dsns: Dsns) -> AsyncIterator[Conn]:
    """The same, as the owner of the tables."""
    connection = await connect(dsns.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def signer_conn(dsns: Dsns) -> AsyncIterator[Conn]:
    """The same, as the signer."""
    connection = await connect(dsns.signer)
    yield connection
    await connection.close()


@pytest.fixture
async def db(dsns: Dsns) -> AsyncIterator[Database]:
    """A pool on this test's own database, as the application."""
    async with await Database.open(dsns.app, size=4) as database:
        yield database


@pytest.fixture
async def signer_db(dsns: Dsns) -> AsyncIterator[Database]:
    """The same, as the signer."""
    async with await Database.open(dsns.signer, size=2) as database:
        yield database


async def _make_template(server: LocalPostgres, name: str) -> None:
    admin = await asyncpg.connect(server.dsn(SUPERUSER, database="postgres"))
    await ensure_database(admin, name)
    await admin.close()
    owner = await asyncpg.connect(server.dsn(OWNER, database=name))
    await migrate(owner)
    await owner.close()
