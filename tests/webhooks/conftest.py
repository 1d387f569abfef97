"""Accounts with webhooks, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from bubuh.adapters.webhook_calls import WebhookCalls
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.people.keys import PersonKey
from bubuh.outbox.publish import publish
from bubuh.webhooks.model import Webhook
from bubuh.webhooks.register import Registered, register
from bubuh.webhooks.store import list_webhooks
from bubuh.worker.routes import tell
from bubuh.worker.webhooks import Courier
from tests.webhooks.ear import Ear, listening

KEY = PersonKey(b"p" * 32)
SOURCE = "https://meterai.example"


@dataclass(frozen=True, kw_only=True)
class Post:
    """The courier of one worker, and what tests do to the rows that it works on."""

    db: Database
    owner: Conn
    courier: Courier

    def account(self) -> AccountId:
        return fresh_account_id()

    def webhook_id(self, account_id: AccountId) -> UUID:
        return fresh_id(account_id)

    async def register(self, account_id: AccountId, url: str) -> Registered:
        return await register(
            self.db,
            account_id,
            url,
            webhook_id=fresh_id(account_id),
            may_be_here=True,
            actor="local",
            key=KEY,
        )

    async def happened(self, account_id: AccountId, *, times: int = 1) -> list[UUID]:
        """Orders were filled, and the worker's round noted it."""
        orders = [fresh_id(account_id) for _ in range(times)]
        async with self.db.transaction() as conn:
            for subject in orders:
                await publish(
                    conn, account_id=account_id, topic="order.filled", subject=subject, facts={"stamps": 1}
                )
        await tell(self.db, shard_of_account(account_id), routes={})
        return orders

    async def shown(self, account_id: AccountId) -> Webhook:
        (webhook,) = await list_webhooks(self.db, account_id)
        return webhook

    async def settle(self, *, within_s: float = 30.0) -> None:
        """Let the courier carry all that is due now."""
        stop = asyncio.Event()
        working = asyncio.create_task(self.courier.work(stop))
        async with asyncio.timeout(within_s):
            while await self.owner.fetchval(DUE) or self.courier.lines:  # noqa: ASYNC110 -- rows ring no bell
                await asyncio.sleep(0.02)
        stop.set()
        await working

    async def pass_time(self, seconds: float) -> None:
        """Move all that waits, and all that failed, so far into the past."""
        await self.owner.execute(
            "UPDATE webhook_deliveries SET due_at = due_at - make_interval(secs => $1), "
            "made_at = made_at - make_interval(secs => $1)",
            seconds,
        )
        await self.owner.execute(
            "UPDATE webhooks SET failed_at = failed_at - make_interval(secs => $1), "
            "heard_at = heard_at - make_interval(secs => $1), made_at = made_at - make_interval(secs => $1)",
            seconds,
        )


#: what a courier would take now
DUE = """
SELECT count(*)
  FROM webhook_deliveries AS d JOIN webhooks AS w ON w.account_id = d.account_id AND w.id = d.webhook_id
 WHERE d.due_at <= now() AND w.state = 'on'
   AND (w.failed_at IS NULL OR w.heard_at > w.failed_at OR w.failed_at <= now() - interval '5 seconds')
"""


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as one:
        yield one


@pytest.fixture
async def post(db: Database, owner_conn: Conn) -> Post:
    calls = WebhookCalls(may_be_here=True, timeout_s=2.0)
    return Post(db=db, owner=owner_conn, courier=Courier(db=db, calls=calls, key=KEY, source=SOURCE))
