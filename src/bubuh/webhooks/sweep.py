"""Drop what was kept for long enough: events, secrets that ended, and tries that lead nowhere."""

from __future__ import annotations

from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.webhooks import store
from bubuh.webhooks.model import KEPT_DAYS

TRIED_DAYS: Final = 4  #: a little longer than all waits between attempts together


async def sweep(db: Database, shard: Shard) -> None:
    """One shard's."""
    await store.sweep(db, shard, events_days=KEPT_DAYS, deliveries_days=TRIED_DAYS)
