"""Register a webhook, and give it a new secret."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.webhooks import store
from bubuh.webhooks.addresses import check_url
from bubuh.webhooks.model import MOST_WEBHOOKS, OVERLAP_S, WEBHOOK, Secret, Webhook
from bubuh.webhooks.refusals import TooManyWebhooks, WebhookUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A webhook, and its newest secret if this call made it: nobody sees it a second time."""

    webhook: Webhook
    secret: Secret | None  #: None: the call had been carried out before


async def register(
    db: Database,
    account_id: AccountId,
    url: str,
    *,
    webhook_id: UUID,
    may_be_here: bool,
    actor: str,
    key: PersonKey,
) -> Registered:
    """Have what happens to the account from now on told to `url`.

    Raises:
        WebhookUrlRefused: see `check_url`.
        TooManyWebhooks: the account has MOST_WEBHOOKS.
        IdempotencyConflict: the id stands for another address.
    """
    check_url(url, may_be_here=may_be_here)
    secret: Secret | None = None
    async with db.transaction() as conn:
        await store.open_feed(conn, account_id)
        known = {one.id: one for one in await store.list_webhooks(conn, account_id)}
        if webhook_id not in known:
            if len(known) >= MOST_WEBHOOKS:
                raise TooManyWebhooks(most=MOST_WEBHOOKS)
            await store.add_webhook(conn, account_id, webhook_id, url=url)
            secret = await _add_secret(conn, account_id, webhook_id, secret_id=webhook_id, key=key)
            facts = {"webhook": show_id(WEBHOOK, webhook_id), "host": urlsplit(url).hostname}
            await record(conn, account_id=account_id, act="webhook.register", actor=actor, facts=facts)
        webhook = await _find(conn, account_id, webhook_id)
    if webhook.url != url:
        raise IdempotencyConflict
    return Registered(webhook=webhook, secret=secret)


async def rotate(
    db: Database,
    account_id: AccountId,
    webhook_id: UUID,
    *,
    secret_id: UUID,
    actor: str,
    key: PersonKey,
) -> Registered:
    """Give it another secret; for a day messages are signed with the one before, too. Older ones end.

    Raises:
        WebhookUnknown: the account has no such webhook.
    """
    secret: Secret | None = None
    async with db.transaction() as conn:
        await store.open_feed(conn, account_id)
        await _find(conn, account_id, webhook_id)
        if not await store.has_secret(conn, account_id, webhook_id, secret_id=secret_id):
            secret = await _add_secret(conn, account_id, webhook_id, secret_id=secret_id, key=key)
            facts = {"webhook": show_id(WEBHOOK, webhook_id)}
            await record(conn, account_id=account_id, act="webhook.rotate", actor=actor, facts=facts)
        webhook = await _find(conn, account_id, webhook_id)
    return Registered(webhook=webhook, secret=secret)


def sealed_as(webhook_id: UUID) -> str:
    """Under which name a webhook's secrets are sealed: they open as nothing else."""
    return f"webhook secret {webhook_id}"


async def _add_secret(
    conn: Conn, account_id: AccountId, webhook_id: UUID, *, secret_id: UUID, key: PersonKey
) -> Secret:
    secret = Secret.fresh()
    await store.add_secret(
        conn,
        account_id,
        webhook_id,
        secret_id=secret_id,
        secret_sealed=key.seal(secret.text, sealed_as(webhook_id)),
        overlap_s=OVERLAP_S,
    )
    return secret


async def _find(conn: Conn, account_id: AccountId, webhook_id: UUID) -> Webhook:
    for one in await store.list_webhooks(conn, account_id):
        if one.id == webhook_id:
            return one
    raise WebhookUnknown
