"""Deliver one event to one webhook. No connection to the database is held while anybody is waited for."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Final

import msgspec

from bubuh.core.ids import show_id
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.webhooks import store
from bubuh.webhooks.model import EVENT, Delivery, DueWebhook, Secret, headers_of, wait_after
from bubuh.webhooks.ports import Calls, NotDelivered
from bubuh.webhooks.register import sealed_as

LEASE_S: Final = 30.0  #: longer than an attempt takes: what is in good hands is not taken twice
AWAY_S: Final = 600.0  #: who hears again after so long is told at once all that waits
_GONE: Final = 410


class Ended(StrEnum):
    """How an attempt ended."""

    HEARD = "heard"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    OFF = "off"


async def take(db: Database, due: DueWebhook, *, at_most: int) -> list[Delivery]:
    """Take what is due for a webhook.

    Taking puts it off: who dies before saying what became of it has nothing to undo, and it comes again
    after LEASE_S. So a webhook may hear twice, under one id.
    """
    async with db.transaction() as conn:
        return await store.take(conn, due, at_most=at_most, lease_s=LEASE_S)


async def deliver(
    due: DueWebhook,
    delivery: Delivery,
    *,
    db: Database,
    calls: Calls,
    key: PersonKey,
    source: str,
    spread: float,
) -> Ended:
    """Send it once, and write down what became of it. `source`: the service's public address.

    `spread` is random, from 0 to 1; see `wait_after`.
    """
    sealed = await store.list_secrets(db, due.account_id, due.id)
    living = [Secret(key.open(one, sealed_as(due.id))) for one in sealed]
    if not living:
        return Ended.OFF  # removed meanwhile
    body = msgspec.json.encode(delivery.event.view(source=source))
    headers = headers_of(show_id(EVENT, delivery.event.id), body, living, timestamp_s=int(time.time()))
    try:
        status = await calls.post(due.url, headers=headers, body=body)
    except NotDelivered as fault:
        return await _note_failed(db, due, delivery, failure=str(fault), spread=spread)
    if status == _GONE:
        async with db.transaction() as conn:
            await store.open_feed(conn, due.account_id)  # nothing is written for it meanwhile
            await store.switch_off(conn, due, failure=str(status))
        return Ended.OFF
    if status not in range(200, 300):
        return await _note_failed(db, due, delivery, failure=str(status), spread=spread)
    async with db.transaction() as conn:
        await store.note_heard(conn, due, delivery.event.no, away_s=AWAY_S, lease_s=LEASE_S)
    return Ended.HEARD


async def _note_failed(
    db: Database, due: DueWebhook, delivery: Delivery, *, failure: str, spread: float
) -> Ended:
    wait_s = wait_after(delivery.attempts, spread=spread)
    async with db.transaction() as conn:
        await store.note_failed(conn, due, delivery.event.no, failure=failure, wait_s=wait_s)
    return Ended.GIVEN_UP if wait_s is None else Ended.FAILED
