"""A refund whose end does not come is for people to look at: on the unmatched list, while asking goes on."""

from __future__ import annotations

from typing import Final

import structlog

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.refunds import store

_log = structlog.get_logger(__name__)

OVERDUE_S: Final = 86_400.0  #: after it was to be sent, or a second person agreed
MOST_REFUNDS: Final = 200  #: of a shard, in one pass


async def list_overdue(db: Database, shard: Shard, *, after_s: float = OVERDUE_S) -> int:
    """List the shard's refunds that no gateway settled within `after_s`, each once; how many are new.

    Refused again and again, forgotten, at a gateway that is away or that we left out: it is all the same.
    """
    listed = await store.list_overdue(db, shard, after_s=after_s, at_most=MOST_REFUNDS)
    if listed:
        _log.error("refunds_overdue", shard=shard, refunds=listed)
    return listed
