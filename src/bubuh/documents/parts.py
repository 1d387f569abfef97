"""Documents that come in parts and go on where they were cut off. Nothing is opened before it is whole.

Each part is an object of its own, sealed under the upload's key, and counted in by one statement that names
where the upload stood: of two that go on at the same place, one wins, and the other's object is taken away.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.keys import StoreKey, fresh_document_key
from bubuh.documents.model import LIMIT_BYTES, PartialUpload
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import (
    DocumentEmpty,
    DocumentTooLarge,
    UploadIncomplete,
    UploadOffset,
    UploadUnknown,
)
from bubuh.documents.sealing import ObjectOf, seal, seal_name, unseal, unseal_name

LASTS: Final = timedelta(hours=20)  #: less than the age at which the sweep takes objects that no row names
MOST_UNFINISHED: Final = 5  #: of one account; a further one takes the oldest one's place

_PART_BITS: Final = 31
_MOST_EXPIRED: Final = 100  # in one go


async def begin(
    account_id: AccountId,
    upload_id: UUID,
    *,
    size_bytes: int,
    name: str,
    db: Database,
    objects: Objects,
    store_key: StoreKey,
) -> PartialUpload:
    """Make room for a document of `size_bytes`; under an id that is known, the upload as it stands.

    Raises:
        DocumentEmpty, DocumentTooLarge: no such document is taken.
    """
    if size_bytes < 1:
        raise DocumentEmpty
    if size_bytes > LIMIT_BYTES:
        raise DocumentTooLarge
    others = [one for one in await store.list_uploads(db, account_id) if one.id != upload_id]
    for old in others[: max(0, len(others) - MOST_UNFINISHED + 1)]:
        await drop(old, db=db, objects=objects, store_key=store_key)
    key = fresh_document_key()
    opened = await store.open_upload(
        db,
        account_id=account_id,
        upload_id=upload_id,
        size_bytes=size_bytes,
        name_sealed=seal_name(name, key, upload_id),
        key_sealed=store_key.wrap(key, upload_id),
        lasts_s=LASTS.total_seconds(),
    )
    return opened or await standing(account_id, upload_id, db=db)


async def standing(account_id: AccountId, upload_id: UUID, *, db: Database) -> PartialUpload:
    """The account's upload as it stands; raises `UploadUnknown`."""
    found = await store.find_upload(db, account_id, upload_id)
    if found is None:
        raise UploadUnknown
    return found


async def append(
    upload: PartialUpload, data: bytes, *, db: Database, objects: Objects, store_key: StoreKey
) -> PartialUpload:
    """Keep `data` after what has come. What this acknowledges survives a power cut.

    Raises:
        DocumentTooLarge: more than was announced.
        UploadOffset: meanwhile another part came there.
        UploadUnknown: the upload has expired.
    """
    if upload.received_bytes + len(data) > upload.size_bytes:
        raise DocumentTooLarge
    if not data:
        return upload
    part = secrets.randbits(_PART_BITS)
    key, of = store_key.unwrap(upload.key_sealed, upload.id), ObjectOf(document_id=upload.id, revision=part)
    object_key = _object_key(upload, part, store_key)
    await objects.create(object_key, seal(data, key, of))
    counted = await store.add_part(db, upload, part=part, part_bytes=len(data))
    if counted is None:
        await objects.delete(object_key)
        raise UploadOffset(offset=(await standing(upload.account_id, upload.id, db=db)).received_bytes)
    return counted


async def whole(upload: PartialUpload, *, objects: Objects, store_key: StoreKey) -> AsyncIterator[bytes]:
    """The document, part by part, once it is whole; raises `UploadIncomplete`."""
    if not upload.is_whole:
        raise UploadIncomplete
    key = store_key.unwrap(upload.key_sealed, upload.id)
    for part in upload.parts:
        sealed = await objects.read(_object_key(upload, part, store_key))
        yield unseal(sealed, key, ObjectOf(document_id=upload.id, revision=part))


def name_of(upload: PartialUpload, store_key: StoreKey) -> str:
    """The file's name as its owner gave it."""
    return unseal_name(upload.name_sealed, store_key.unwrap(upload.key_sealed, upload.id), upload.id)


async def drop(upload: PartialUpload, *, db: Database, objects: Objects, store_key: StoreKey) -> None:
    """Forget it: row and key, then the objects; what a crash leaves of these, the sweep takes."""
    await store.drop_upload(db, upload)
    for part in upload.parts:
        await objects.delete(_object_key(upload, part, store_key))


async def drop_expired(shard: Shard, *, db: Database, objects: Objects, store_key: StoreKey) -> None:
    """Forget what nobody went on with."""
    for old in await store.list_expired_uploads(db, shard, most=_MOST_EXPIRED):
        await drop(old, db=db, objects=objects, store_key=store_key)


def _object_key(upload: PartialUpload, part: int, store_key: StoreKey) -> str:
    return store_key.object_key(account_id=upload.account_id, document_id=upload.id, revision=part)
