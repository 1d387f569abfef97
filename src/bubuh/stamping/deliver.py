"""S8: the stamped document is the original and its increments, up to the one of this stamp."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.doorbell import Doorbell
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import ContentUnseen
from bubuh.documents.revisions import Increment, OpenRevision, open_revision, read_increment
from bubuh.stamping import level_store, store
from bubuh.stamping.bells import SETTLED
from bubuh.stamping.refusals import StampNotReady, StampUnknown
from bubuh.stamping.show import LOOK_AGAIN_S

LEVEL_WAIT_S: Final = 5.0  #: that a download waits for a time-stamp under way; then it goes without
_DOWNLOADED: Final = "downloaded"  #: why a level was given up: its owner wanted the document


async def open_stamped_document(
    account_id: AccountId,
    stamp_id: UUID,
    *,
    db: Database,
    doorbell: Doorbell,
    objects: Objects,
    store_key: StoreKey,
    level_wait_s: float = LEVEL_WAIT_S,
) -> OpenRevision:
    """The document as this stamp left it: the same bytes for ever, whatever was added later.

    What its level still wants is waited for, and after `level_wait_s` given up: at a deadline nobody waits
    for an authority of time. `doorbell` listens to `bells.SETTLED`.

    Raises:
        StampUnknown: no such stamp in the account.
        ContentUnseen: the document was never here; its increment can be had.
        StampNotReady: it is not affixed (yet).
        DocumentNotReady: the bytes are gone.
        StoreUnavailable: they cannot be had now.
    """
    made = await _find_made(db, account_id, stamp_id)
    if made.content_unseen:
        raise ContentUnseen(document_id=made.document_id)
    no = await _settled_revision(
        made, account_id, stamp_id, db=db, doorbell=doorbell, level_wait_s=level_wait_s
    )
    return await open_revision(account_id, made.document_id, no, db=db, objects=objects, store_key=store_key)


async def open_stamp_increment(
    account_id: AccountId,
    stamp_id: UUID,
    *,
    db: Database,
    doorbell: Doorbell,
    objects: Objects,
    store_key: StoreKey,
    level_wait_s: float = LEVEL_WAIT_S,
) -> Increment:
    """What this stamp appends to its document: the same bytes for ever.

    Its level is waited for and given up as `open_stamped_document` does; raises as that does, but for
    ContentUnseen.
    """
    made = await _find_made(db, account_id, stamp_id)
    no = await _settled_revision(
        made, account_id, stamp_id, db=db, doorbell=doorbell, level_wait_s=level_wait_s
    )
    return await read_increment(account_id, made.document_id, no, db=db, objects=objects, store_key=store_key)


async def _find_made(db: Database, account_id: AccountId, stamp_id: UUID) -> store.Made:
    made = await store.find_made(db, account_id, stamp_id)
    if made is None:
        raise StampUnknown
    return made


async def _settled_revision(
    made: store.Made,
    account_id: AccountId,
    stamp_id: UUID,
    *,
    db: Database,
    doorbell: Doorbell,
    level_wait_s: float,
) -> int:
    """The number of the revision that the stamp made, its level settled; raises `StampNotReady`."""
    if made.no is None:
        raise StampNotReady(state=made.state)
    if made.level_state == "pending":
        await _until_settled(account_id, stamp_id, db=db, doorbell=doorbell, wait_s=level_wait_s)
    return made.no


async def _until_settled(
    account_id: AccountId, stamp_id: UUID, *, db: Database, doorbell: Doorbell, wait_s: float
) -> None:
    """Return when the level is settled, by whom ever: after `wait_s` by us."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + wait_s
    with doorbell.subscribe(SETTLED, str(stamp_id)) as heard:
        while (left_s := give_up - loop.time()) > 0:
            made = await store.find_made(db, account_id, stamp_id)
            if made is None or made.level_state == "settled":
                return
            await heard.wait(min(left_s, LOOK_AGAIN_S))
    await level_store.give_up_level(db, account_id, stamp_id, reason=_DOWNLOADED)
