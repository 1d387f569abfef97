from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bubuh.adapters.object_store import LocalObjects
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database, connect
from bubuh.sandbox import Sandbox
from tests.conftest import Template
from tests.documents.make import House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(template: Template, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One for a module, on the module's loop (a sandbox takes a second to start); tests share no account."""
    folder: Path = tmp_path_factory.mktemp("house") / "objects"
    with Sandbox.start(Uids.here().sandbox) as sandbox:
        async with template.copy() as dsns, await Database.open(dsns.app, size=4) as db:
            owner = await connect(dsns.owner)
            yield House(dsns, db, owner, sandbox, LocalObjects(folder), folder)
            await owner.close()
