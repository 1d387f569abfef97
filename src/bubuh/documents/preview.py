"""A page of a kept document as its owner sees it now: the newest revision, the stamps on it included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import key_of
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import Document
from bubuh.documents.pictures import PictureOf, Pictures
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import ContentUnseen, DocumentUnknown
from bubuh.documents.revisions import open_revision
from bubuh.pdf.model import Place
from bubuh.pdf.picture import Picture
from bubuh.sandbox import Sandbox

_ALL: Final = 2**31 - 1  # above the number of any revision


async def preview(
    account_id: AccountId,
    document_id: UUID,
    page: int,
    *,
    db: Database,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
    pictures: Pictures,
    may_draw: Callable[[], None] = lambda: None,
) -> Picture:
    """Page `page`, from 1; drawn, unless it is among `pictures`. `may_draw` raises where it is not to be.

    Raises:
        DocumentUnknown: no such document in the account.
        ContentUnseen: its bytes were never here.
        DocumentNotReady: it has no bytes.
        PageOutOfRange, SandboxDied, DocumentRefused: it has no such page, or it cannot be drawn.
        StoreUnavailable, SandboxUnavailable: the same request may succeed later.
    """
    document, no = await _find_newest(account_id, document_id, db=db)
    key_of(document, store_key)  # of one whose key is destroyed nothing is shown, at hand or not
    of = PictureOf(account_id, document_id, no, page)
    drawn = pictures.find(of)
    if drawn is None:
        may_draw()
        opened = await open_revision(account_id, document_id, no, db=db, objects=objects, store_key=store_key)
        drawn = await sandbox.draw_page(await opened.read(), page)
        pictures.keep(of, drawn)
    return drawn


async def covered(
    document: Document,
    places: Sequence[Place],
    *,
    db: Database,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
) -> tuple[bool, ...]:
    """For each of `places`, which fit, whether a face there would cover something; raises as `preview`."""
    now = await _newest(document.account_id, document.id, db=db, objects=objects, store_key=store_key)
    return await sandbox.covered(now, [(place, document.boxes[place.page - 1]) for place in places])


async def _newest(
    account_id: AccountId, document_id: UUID, *, db: Database, objects: Objects, store_key: StoreKey
) -> bytes:
    _, no = await _find_newest(account_id, document_id, db=db)
    opened = await open_revision(account_id, document_id, no, db=db, objects=objects, store_key=store_key)
    return await opened.read()


async def _find_newest(account_id: AccountId, document_id: UUID, *, db: Database) -> tuple[Document, int]:
    """The account's document, and the number of its newest revision."""
    found = await store.find_revisions(db, account_id, document_id, upto=_ALL)
    if found is None:
        raise DocumentUnknown(document_id=document_id)
    document, revisions = found
    if document.content_unseen:
        raise ContentUnseen(document_id=document_id)
    return document, len(revisions)
