from __future__ import annotations

import asyncpg
import pytest
from tests.conftest import Dsns

from bubuh.db.pool import Database, NotDurable


async def test_a_server_that_may_forget_is_refused(dsns: Dsns) -> None:
    admin = await asyncpg.connect(dsns.superuser)
    await admin.execute(f"ALTER DATABASE {dsns.name} SET synchronous_commit = off")
    await admin.close()
    with pytest.raises(NotDurable, match="synchronous_commit = off"):
        await Database.open(dsns.app, size=1)
