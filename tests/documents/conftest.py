from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bubuh.adapters.object_store import LocalObjects
from bubuh.db.pool import Database, connect
from bubuh.sandbox import Sandbox
from tests.conftest import Template
from tests.documents.make import House


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    template: Template, tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox
) -> AsyncIterator[House]:
    """One for a module; tests share no account."""
    folder: Path = tmp_path_factory.mktemp("house") / "objects"
    async with template.copy() as dsns, await Database.open(dsns.app, size=4) as db:
        owner = await connect(dsns.owner)
        yield House(dsns, db, owner, sandbox, LocalObjects(folder), folder)
        await owner.close()
