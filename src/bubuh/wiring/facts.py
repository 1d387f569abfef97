"""What the first start decides for ever: environment, issuer, and the address in every QR."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import structlog

from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.identity.model import Environment

SQL: Any = load_queries(__package__)
_log = structlog.get_logger(__name__)

ISSUERS: Final = {Environment.TEST: "T1", Environment.LIVE: "B1"}


class ServiceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen: a changed one would make printed stamps lie or old keys open new doors."""

    environment: Environment
    issuer: str  #: the first two characters of every serial number
    public_url: str  #: what a stamp's QR starts with


async def freeze_facts(db: Database, wanted: ServiceFacts) -> ServiceFacts:
    """The service's facts: `wanted` at the first start, what stands at every later one (with a warning)."""
    async with db.transaction() as conn:
        for name, value in msgspec.to_builtins(wanted).items():
            await conn.execute(SQL.freeze_fact.sql, name, value)
    standing = await read_facts(db)
    if standing != wanted:
        _log.warning("facts_are_frozen", standing=str(standing), ignored=str(wanted))
    return standing


async def read_facts(db: Database) -> ServiceFacts:
    """The facts that stand."""
    rows = await db.fetch(SQL.list_facts.sql)
    return msgspec.convert({row["name"]: row["value"] for row in rows}, ServiceFacts)
