"""Carries events to webhooks: a bulkhead of its own, of which no account and no dead server takes all."""

from __future__ import annotations

import asyncio
import random
from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from bubuh.core.errors import Fault
from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.webhooks import store
from bubuh.webhooks.deliver import Ended, deliver, take
from bubuh.webhooks.model import DueWebhook
from bubuh.webhooks.ports import Calls

_log = structlog.get_logger(__name__)
_ATTEMPTS = Counter("bubuh_webhook_attempts", "Messages to webhooks", ["how"])
_LINES = Gauge("bubuh_webhook_lines", "Webhooks that are served just now")

EVERY_S: Final = 1.0
MOST_LINES: Final = 16  #: webhooks that are served at once
MOST_FAILING: Final = 8  #: of them, those whose last answer was no 2xx
MOST_EACH: Final = 4  #: of them, those of one account
AT_ONCE: Final = 8  #: messages on their way to one webhook; to one that is failing, one
REST_S: Final = 5.0  #: that a webhook is left alone after it failed
LINE_S: Final = 20.0  #: after which a webhook lets others go first


@dataclass(frozen=True, kw_only=True)
class Courier:
    """One worker's. `source`: the service's public address."""

    db: Database
    calls: Calls
    key: PersonKey = field(repr=False)
    source: str
    lines: dict[UUID, DueWebhook] = field(default_factory=dict)  #: those that are served just now

    async def work(self, stop: asyncio.Event) -> None:
        """Carry what is due until `stop` is set; what is on its way then is waited for."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                try:
                    for due in self.choose(await store.list_due(self.db, rest_s=REST_S)):
                        self.lines[due.id] = due
                        group.create_task(self._serve(due, stop), name=f"webhook {due.id}")
                except Fault as fault:
                    _log.warning("webhooks_not_looked_at", code=fault.code)
                _LINES.set(len(self.lines))
                try:
                    async with asyncio.timeout(EVERY_S):
                        await stop.wait()
                except TimeoutError:
                    continue

    def choose(self, due: Iterable[DueWebhook]) -> list[DueWebhook]:
        """Whom to serve next beside those who are served: those who heard last time first."""
        of_accounts: Tally[AccountId] = Tally(one.account_id for one in self.lines.values())
        failing = sum(one.is_failing for one in self.lines.values())
        chosen: list[DueWebhook] = []
        for one in sorted(due, key=lambda each: each.is_failing):
            is_full = one.is_failing and failing >= MOST_FAILING
            if one.id in self.lines or of_accounts[one.account_id] >= MOST_EACH or is_full:
                continue
            if len(self.lines) + len(chosen) >= MOST_LINES:
                break
            chosen.append(one)
            of_accounts[one.account_id] += 1
            failing += one.is_failing
        return chosen

    async def _serve(self, due: DueWebhook, stop: asyncio.Event) -> None:
        """Carry what is due for one webhook, until that is all, one failed, or others are to go first."""
        now = asyncio.get_running_loop().time
        until = now() + LINE_S
        try:
            while not stop.is_set() and now() < until and await self._carry(due):
                due = replace(due, is_failing=False)
        except Fault as fault:
            _log.warning("webhook_not_served", webhook=str(due.id), code=fault.code)
        finally:
            del self.lines[due.id]

    async def _carry(self, due: DueWebhook) -> bool:
        """Whether there was something due, and all of it was heard."""
        taken = await take(self.db, due, at_most=1 if due.is_failing else AT_ONCE)
        ended = await asyncio.gather(
            *(
                deliver(
                    due,
                    one,
                    db=self.db,
                    calls=self.calls,
                    key=self.key,
                    source=self.source,
                    spread=random.random(),  # noqa: S311 -- spreads retries, guards nothing
                )
                for one in taken
            ),
            return_exceptions=True,  # one that could not write down what became of it leaves the others be
        )
        for how in ended:
            if isinstance(how, BaseException):
                raise how
            _ATTEMPTS.labels(how).inc()
        return bool(ended) and all(how is Ended.HEARD for how in ended)
