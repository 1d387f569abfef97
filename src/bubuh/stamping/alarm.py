"""What a sweep cannot decide alone: an operator is called, seldom enough to be heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE, fresh_id
from bubuh.db.pool import Database
from bubuh.outbox.publish import publish

SWEPT: Final = "sweep.alarm"  #: the topic that pages an operator
AGAIN_S: Final = 3_600.0  #: between two calls for one reason

_log = structlog.get_logger(__name__)
_ALARMS = Counter("bubuh_sweep_alarms", "Times a sweep found what it would not decide alone", ["reason"])


class Bell:
    """One process's bell; it remembers whom it called when."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        """`clock` is this process's own, which nobody sets."""
        self._db = db
        self._clock = clock
        self._called: dict[str, float] = {}

    async def call(self, reason: str, facts: dict[str, object]) -> None:
        """Write it down and page, at most once in AGAIN_S for a reason."""
        _ALARMS.labels(reason).inc()
        if self._clock() - self._called.get(reason, float("-inf")) < AGAIN_S:
            return
        told = {"reason": reason, **facts}
        async with self._db.transaction() as conn:
            subject = fresh_id(THE_SERVICE)
            await publish(conn, account_id=THE_SERVICE, topic=SWEPT, subject=subject, facts=told)
            await record(conn, account_id=THE_SERVICE, act=SWEPT, actor="sweeper", facts=told)
        self._called[reason] = self._clock()
        _log.error("sweep_alarm", **told)
