"""Orders whose time is over. Money may still come and still counts; what came in part goes back.

Time is the database's. A clock can jump, so no pass ends more than a few, an operator is called where there
were more, and after a jump that this process saw nothing ends for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.audit.record import record
from bubuh.core.doubt import Doubt
from bubuh.core.ids import THE_SERVICE, fresh_id
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.outbox.publish import publish

_log = structlog.get_logger(__name__)
_EXPIRED = Counter("bubuh_orders_expired", "Orders that nobody paid in time")
_ALARMS = Counter("bubuh_expiry_alarms", "Times the expiry found time itself in doubt", ["reason"])

MOST_A_PASS: Final = 2_000  #: of all shards together; 200 orders/s of which none is paid
AGAIN_S: Final = 3_600.0  #: between two calls for one reason
GRACE_S: Final = (
    600.0  #: after expiry, until money that does not suffice goes back: the rest may be on its way
)
ALARM: Final = "orders.expiry_alarm"  #: the topic that pages an operator


class Expirer:
    """One process's; it remembers the clock as it was, and when it called whom for what."""

    def __init__(self, db: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is this process's own, which nobody sets."""
        self._db = db
        self._clock = clock
        self._doubt = Doubt(lambda: store.read_clock(db), clock)
        self._called: dict[str, float] = {}
        self._next = 0  #: the shard that the next pass begins with

    async def expire(self) -> int:
        """One pass over all shards; how many orders expired."""
        if (jump_s := await self._doubt.look()) is not None:
            await self._call("clock_jumped", {"seconds": round(jump_s)})
        if self._doubt.lasts:
            return 0
        expired = 0
        for turn in range(len(ALL_SHARDS)):
            shard = ALL_SHARDS[(self._next + turn) % len(ALL_SHARDS)]
            async with self._db.connection() as conn:
                expired += len(await store.expire_n(conn, shard, at_most=MOST_A_PASS - expired))
                await store.return_n(conn, shard, grace_s=GRACE_S, at_most=MOST_A_PASS)
            if expired >= MOST_A_PASS:
                self._next = shard  # the rest of it, and the others, are the next pass's
                await self._call("more_than_a_pass", {"expired": expired})
                break
        _EXPIRED.inc(expired)
        return expired

    async def _call(self, reason: str, facts: dict[str, object]) -> None:
        """Write it down and page, at most once in AGAIN_S for a reason."""
        _ALARMS.labels(reason).inc()
        if self._clock() - self._called.get(reason, float("-inf")) < AGAIN_S:
            return
        told = {"reason": reason, **facts}
        async with self._db.transaction() as conn:
            subject = fresh_id(THE_SERVICE)
            await publish(conn, account_id=THE_SERVICE, topic=ALARM, subject=subject, facts=told)
            await record(conn, account_id=THE_SERVICE, act=ALARM, actor="expiry", facts=told)
        self._called[reason] = self._clock()
        _log.error("expiry_alarm", **told)
