"""How well a web process is, for the gate: its load, its database, and those who collect money for it."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import structlog

from bubuh.core.errors import DatabaseUnavailable
from bubuh.db.pool import Database
from bubuh.edge.brownout import Brownout
from bubuh.payments.ports import Gateways
from bubuh.payments.steady import paying, wake
from bubuh.waitingroom.report import Health

log: Final = structlog.get_logger("bubuh.web")

_LOOK_S: Final = 1.0
_PATIENCE_S: Final = 5.0


class Wellbeing:
    """One process's. Without its database it lets nobody in, so nobody is called."""

    def __init__(self, brownout: Brownout, db: Database, gateways: Gateways) -> None:
        """Well until it has looked."""
        self._brownout, self._db, self._gateways = brownout, db, gateways
        self._has_database = True

    @property
    def health(self) -> Health:
        """As of the last look."""
        told = self._brownout.for_gate()
        able = told.able if self._has_database else 0.0
        return msgspec.structs.replace(told, able=able, pays=paying(self._gateways))

    async def run(self) -> None:
        """Look once a second."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.look()

    async def look(self) -> None:
        """See whether the database answers, and whether gateways that rest are well again."""
        has_database, _ = await asyncio.gather(self._ask(), wake(self._gateways))
        if has_database is not self._has_database:
            self._has_database = has_database
            log.warning("database_is_back" if has_database else "database_is_away")

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._db.fetchval("SELECT 1")
        except (DatabaseUnavailable, TimeoutError):
            return False
        return True
