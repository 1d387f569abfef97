"""Servers that a test may stop, kill and damage."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bubuh.db import local
from bubuh.db.home import SUPERUSER
from bubuh.db.local import LocalPostgres
from tests.conftest import database_folder, forget


@pytest.fixture
def data() -> Iterator[Path]:
    """An empty data folder, removed with its database."""
    folder = database_folder()
    yield folder
    forget(folder)


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """A data folder with a cluster that nobody serves, to be copied: a quarter of the time of making one."""
    folder = database_folder()
    local.start(folder).stop()
    yield folder
    forget(folder)


@pytest.fixture
def server(stopped: Path, data: Path) -> Iterator[LocalPostgres]:
    subprocess.run(["cp", "-a", f"{stopped}/.", data], check=True)
    running = local.start(data)
    yield running
    running.stop()


def ask(server: LocalPostgres, sql: str, *, role: str = SUPERUSER) -> object:
    async def once() -> object:
        conn = await asyncpg.connect(server.dsn(role))
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(once())
