"""The statements of webhooks, one typed function each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.webhooks.model import MOST_COUNTED, Delivery, DueWebhook, Event, Webhook, WebhookState

SQL: Final[Any] = load_queries("bubuh.webhooks")
_MOST_FORWARD: Final = 10_000  #: in one commit; what is beyond comes at its own time


async def open_feed(conn: Conn, account_id: AccountId) -> None:
    """Make sure that the account has a feed, and lock it until the transaction ends."""
    await conn.execute(SQL.open_feed.sql, shard_of_account(account_id), account_id)


async def lock_feeds(conn: Conn, shard: Shard, account_ids: Sequence[AccountId]) -> Mapping[AccountId, int]:
    """The last number of each feed that somebody listens to; locked until the transaction ends."""
    rows = await conn.fetch(SQL.lock_feeds.sql, shard, account_ids)
    return {AccountId(row["account_id"]): row["last_no"] for row in rows}


async def write_events(conn: Conn, shard: Shard, events: Sequence[Event]) -> None:
    """Write events of locked feeds, and that all webhooks are to hear them."""
    await conn.executemany(
        SQL.write_event.sql,
        [
            (shard, one.account_id, one.no, one.id, one.type, one.subject, dict(one.data), one.happened_at)
            for one in events
        ],
    )
    await conn.execute(SQL.write_deliveries.sql, shard, *columns(events, "account_id", "no"))
    last = {one.account_id: one.no for one in events}
    await conn.execute(SQL.move_feeds.sql, shard, list(last.keys()), list(last.values()))


async def find_last_no(db: Database, account_id: AccountId) -> int:
    """The number of the account's latest event; 0: there never was one."""
    found: int | None = await db.fetchval(SQL.find_last_no.sql, shard_of_account(account_id), account_id)
    return found or 0


async def list_events(db: Database, account_id: AccountId, *, after_no: int, at_most: int) -> list[Event]:
    """The account's after a number, the oldest first."""
    shard = shard_of_account(account_id)
    rows = await db.fetch(SQL.list_events.sql, shard, account_id, after_no, at_most)
    return [_event(row) for row in rows]


async def add_webhook(conn: Conn, account_id: AccountId, webhook_id: UUID, *, url: str) -> None:
    """Write a new one."""
    await conn.execute(SQL.add_webhook.sql, shard_of_account(account_id), account_id, webhook_id, url)


async def list_webhooks(where: Conn | Database, account_id: AccountId) -> list[Webhook]:
    """The account's, the oldest first."""
    shard = shard_of_account(account_id)
    rows = await where.fetch(SQL.list_webhooks.sql, shard, account_id, MOST_COUNTED)
    return [
        Webhook(
            **{**row, "account_id": AccountId(row["account_id"]), "state": WebhookState(row["state"])},
        )
        for row in rows
    ]


async def drop_webhook(conn: Conn, account_id: AccountId, webhook_id: UUID) -> None:
    """Delete a webhook, its secrets, and what it was to hear."""
    shard = shard_of_account(account_id)
    for statement in (SQL.drop_deliveries, SQL.drop_secrets, SQL.drop_webhook):
        await conn.execute(statement.sql, shard, account_id, webhook_id)


async def forget_events(conn: Conn, account_id: AccountId) -> None:
    """Delete the account's events."""
    await conn.execute(SQL.forget_events.sql, shard_of_account(account_id), account_id)


async def add_secret(
    conn: Conn,
    account_id: AccountId,
    webhook_id: UUID,
    *,
    secret_id: UUID,
    secret_sealed: bytes,
    overlap_s: float,
) -> None:
    """Write the newest; the one before is good for `overlap_s` yet, any other no longer."""
    shard = shard_of_account(account_id)
    await conn.execute(SQL.end_secrets.sql, shard, account_id, webhook_id, overlap_s)
    await conn.execute(SQL.add_secret.sql, shard, account_id, webhook_id, secret_id, secret_sealed)


async def has_secret(conn: Conn, account_id: AccountId, webhook_id: UUID, *, secret_id: UUID) -> bool:
    """Whether a secret of this id was made."""
    shard = shard_of_account(account_id)
    found: bool = await conn.fetchval(SQL.has_secret.sql, shard, account_id, webhook_id, secret_id)
    return found


async def list_secrets(where: Conn | Database, account_id: AccountId, webhook_id: UUID) -> list[bytes]:
    """Those that are good now, sealed, the newest first."""
    rows = await where.fetch(SQL.list_secrets.sql, shard_of_account(account_id), account_id, webhook_id)
    return [row["secret_sealed"] for row in rows]


async def list_due(db: Database, *, rest_s: float) -> list[DueWebhook]:
    """The webhooks that something is due for; one way there and back for all shards."""
    rows = await db.fetchmany(SQL.find_due.sql, [(shard, rest_s) for shard in ALL_SHARDS])
    return [DueWebhook(**{**row, "account_id": AccountId(row["account_id"])}) for row in rows]


async def take(conn: Conn, due: DueWebhook, *, at_most: int, lease_s: float) -> list[Delivery]:
    """Take what is due; it comes again after `lease_s` unless its taker says what became of it."""
    key = (due.shard, due.account_id, due.id)
    rows = await conn.fetch(SQL.lock_due.sql, *key, at_most)
    taken = [Delivery(attempts=row["attempts"] + 1, event=_event(row)) for row in rows]
    if taken:
        await conn.execute(SQL.count_attempt.sql, *key, [one.event.no for one in taken], lease_s)
    return taken


async def note_heard(conn: Conn, due: DueWebhook, no: int, *, away_s: float, lease_s: float) -> None:
    """Close a delivery that was heard; a webhook that is back after `away_s` hears all that waits for it."""
    key = (due.shard, due.account_id, due.id)
    await conn.fetch(SQL.drop_delivery.sql, *key, no)
    if due.is_failing:
        rows = await conn.fetch(SQL.list_put_off.sql, *key, away_s, lease_s, _MOST_FORWARD)
        await conn.execute(SQL.bring_forward.sql, *key, [row["no"] for row in rows])
    await conn.execute(SQL.note_heard.sql, *key)


async def note_failed(conn: Conn, due: DueWebhook, no: int, *, failure: str, wait_s: float | None) -> None:
    """Put a delivery off by `wait_s`, or give it up when that is None."""
    key = (due.shard, due.account_id, due.id)
    given_up = 0
    if wait_s is None:
        given_up = len(await conn.fetch(SQL.drop_delivery.sql, *key, no))
    else:
        await conn.execute(SQL.put_off.sql, *key, no, wait_s)
    await conn.execute(SQL.note_failed.sql, *key, failure, given_up)


async def switch_off(conn: Conn, due: DueWebhook, *, failure: str) -> None:
    """Send it nothing any more."""
    key = (due.shard, due.account_id, due.id)
    await conn.execute(SQL.drop_deliveries.sql, *key)
    await conn.execute(SQL.switch_off.sql, *key, failure)


async def sweep(db: Database, shard: Shard, *, events_days: int, deliveries_days: int) -> None:
    """Drop what was kept for long enough."""
    await db.execute(SQL.sweep_deliveries.sql, shard, deliveries_days)
    await db.execute(SQL.sweep_events.sql, shard, events_days)
    await db.execute(SQL.sweep_secrets.sql, shard)


def _event(row: Row) -> Event:
    told = {name: row[name] for name in ("no", "id", "type", "subject", "data", "happened_at")}
    return Event(account_id=AccountId(row["account_id"]), **told)
