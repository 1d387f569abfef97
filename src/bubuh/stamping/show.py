"""A stamp as its owner sees it: now, in a list, or as soon as it has ended."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.ids import AccountId
from bubuh.db.doorbell import Subscription
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.model import Stamp
from bubuh.stamping.refusals import StampUnknown

LOOK_AGAIN_S = 2.0  #: when no hint comes, look all the same
MOST_COUNTED: Final = 200  #: of those who stand before a stamp


async def find_stamp(db: Database, account_id: AccountId, stamp_id: UUID) -> Stamp:
    """The account's stamp, as it is now; raises `StampUnknown`."""
    stamp = await store.find_stamp(db, account_id, stamp_id)
    if stamp is None:
        raise StampUnknown
    return stamp


async def count_before(db: Database, account_id: AccountId, stamp_id: UUID) -> int | None:
    """How many stamps stand before the account's in its line, counted to 200; None: it waits no longer.

    There is a line for each shard. Workers go round them and take from the head of each.
    """
    return await store.count_before(db, account_id, stamp_id, most=MOST_COUNTED)


async def list_stamps(
    db: Database, account_id: AccountId, *, before: tuple[datetime, UUID], most: int
) -> list[Stamp]:
    """The account's stamps accepted before `before`, newest first."""
    return await store.list_stamps(db, account_id, before=before, most=most)


async def wait_for_end(
    db: Database,
    heard: Subscription,
    account_id: AccountId,
    stamp_id: UUID,
    *,
    timeout_s: float,
    seen: Stamp | None = None,
) -> Stamp:
    """The stamp once it has ended, or as it is after `timeout_s` or when waiting is over.

    `heard` listens to its `bells.ENDED` since before it was `seen`; None: since before it was accepted, so
    that it need not be looked at before it rings. While the database does not answer, the wait goes on.

    Raises:
        StampUnknown: the account has no such stamp.
        DatabaseUnavailable: it did not answer to the end, and nothing was seen before.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + timeout_s
    while seen is None or not seen.has_ended:
        left_s = 0.0 if heard.is_over else give_up - loop.time()
        if left_s > 0:
            await heard.wait(min(left_s, LOOK_AGAIN_S))
        elif seen is not None:
            break
        try:
            seen = await find_stamp(db, account_id, stamp_id)
        except DatabaseUnavailable:
            if seen is None and left_s <= 0:
                raise
    return seen
