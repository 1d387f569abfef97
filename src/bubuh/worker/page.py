"""What an operator must look at now: one line in the log at its gravest level, and a count to alarm on."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

from bubuh.core.ids import show_account
from bubuh.db.pool import Database
from bubuh.outbox.model import Fact

_log = structlog.get_logger(__name__)
_PAGES = Counter("bubuh_pages", "Times an operator was called, by topic", ["topic"])


async def page(db: Database, fact: Fact) -> None:
    """Call an operator. Until there is a sender, whoever watches log or metrics is called."""
    del db
    _PAGES.labels(fact.topic).inc()
    _log.critical("page", topic=fact.topic, account=show_account(fact.account_id), **fact.facts)
