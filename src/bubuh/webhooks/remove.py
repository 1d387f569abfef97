"""Remove a webhook, or all that an account had of them."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_id
from bubuh.db.pool import Conn, Database
from bubuh.webhooks import store
from bubuh.webhooks.model import WEBHOOK
from bubuh.webhooks.refusals import WebhookUnknown


async def remove(db: Database, account_id: AccountId, webhook_id: UUID, *, actor: str) -> None:
    """Tell it nothing any more; what it did not hear can be read in the feed. Raises `WebhookUnknown`."""
    async with db.transaction() as conn:
        await store.open_feed(conn, account_id)
        if webhook_id not in {one.id for one in await store.list_webhooks(conn, account_id)}:
            raise WebhookUnknown
        await store.drop_webhook(conn, account_id, webhook_id)
        facts = {"webhook": show_id(WEBHOOK, webhook_id)}
        await record(conn, account_id=account_id, act="webhook.remove", actor=actor, facts=facts)


async def forget(conn: Conn, account_id: AccountId) -> None:
    """Delete the account's webhooks and events: it is being closed. The feed's last number stays."""
    for one in await store.list_webhooks(conn, account_id):
        await store.drop_webhook(conn, account_id, one.id)
    await store.forget_events(conn, account_id)
