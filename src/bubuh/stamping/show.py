"""A stamp as its owner sees it: now, in a list, or as soon as it has ended."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.doorbell import Doorbell
from bubuh.db.pool import Database
from bubuh.stamping import store
from bubuh.stamping.bells import ENDED
from bubuh.stamping.model import Stamp
from bubuh.stamping.refusals import StampUnknown

LOOK_AGAIN_S = 1.0  #: when no hint comes, look all the same


async def find_stamp(db: Database, account_id: AccountId, stamp_id: UUID) -> Stamp:
    """The account's stamp, as it is now; raises `StampUnknown`."""
    stamp = await store.find_stamp(db, account_id, stamp_id)
    if stamp is None:
        raise StampUnknown
    return stamp


async def list_stamps(
    db: Database, account_id: AccountId, *, before: tuple[datetime, UUID], most: int
) -> list[Stamp]:
    """The account's stamps accepted before `before`, newest first."""
    return await store.list_stamps(db, account_id, before=before, most=most)


async def wait_for_end(
    db: Database, doorbell: Doorbell, account_id: AccountId, stamp_id: UUID, *, timeout_s: float
) -> Stamp:
    """The stamp once it has ended, or as it is after `timeout_s`; raises `StampUnknown`."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + timeout_s
    with doorbell.subscribe(ENDED, str(stamp_id)) as heard:
        while True:
            stamp = await find_stamp(db, account_id, stamp_id)
            left_s = give_up - loop.time()
            if stamp.has_ended or left_s <= 0:
                return stamp
            await heard.wait(min(left_s, LOOK_AGAIN_S))
