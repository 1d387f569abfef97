"""S0 of a stamp's life: an upload is inspected, sealed and kept, or refused with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import find_document, key_of
from bubuh.documents.keep import keep
from bubuh.documents.keys import StoreKey, fresh_document_key
from bubuh.documents.model import ORIGINAL, Base, Document, Received, Upload, is_sound
from bubuh.documents.moves import DocumentState
from bubuh.documents.normalise import base_key, normalise
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import refusal_for
from bubuh.documents.sealing import ObjectOf, seal_name
from bubuh.documents.take_in import take_in
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.model import Facts
from bubuh.pdf.refusals import DocumentRefused, Reason, may_be_repaired
from bubuh.sandbox import Sandbox


async def receive(
    body: AsyncIterator[bytes],
    *,
    document_id: UUID,
    account_id: AccountId,
    name: str,
    db: Database,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
    announced_bytes: int | None = None,
) -> Received:
    """Receive a document under `document_id`; repeating it with the same bytes shows what became of it.

    A crash before the row leaves nothing. A crash after it leaves `receiving`, which the same request
    completes, under the key that the row already holds.

    Raises, in this order:
        DocumentTooLarge, NotAPdf, DocumentEmpty, DocumentTruncated: the body, before any row (`take_in`).
        IdempotencyConflict: the id stands for other bytes.
        DocumentRefused (or one of the above): what inspection found; kept in the row, the bytes are not.
        StoreUnavailable, SandboxUnavailable, DatabaseUnavailable: the same request may succeed later.
    """
    upload = await take_in(body, announced_bytes=announced_bytes)
    document = await _open_row(
        upload, name, document_id=document_id, account_id=account_id, db=db, store_key=store_key
    )
    if document.sha256 != upload.sha256:
        raise IdempotencyConflict
    moved = None
    if document.state is DocumentState.RECEIVING:
        moved = await _complete(
            document, upload, db=db, sandbox=sandbox, objects=objects, store_key=store_key
        )
        document = moved or await _settled(document, db=db, objects=objects, store_key=store_key)
    if document.reason is not None:
        raise refusal_for(document.reason)
    return Received(document=document, replayed=moved is None)


async def _open_row(
    upload: Upload, name: str, *, document_id: UUID, account_id: AccountId, db: Database, store_key: StoreKey
) -> Document:
    """The row with the document's key in it, new or as it is: of many requests, one key wins."""
    key = fresh_document_key()
    opened = await store.open_document(
        db,
        account_id=account_id,
        document_id=document_id,
        sha256=upload.sha256,
        size_bytes=len(upload.data),
        name_sealed=seal_name(name, key, document_id),
        key_sealed=store_key.wrap(key, document_id),
        object_key=store_key.object_key(account_id=account_id, document_id=document_id, revision=ORIGINAL),
    )
    return opened or await find_document(db, account_id, document_id)


async def _complete(
    document: Document,
    upload: Upload,
    *,
    db: Database,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
) -> Document | None:
    """Inspect, keep, and move the row to `ready` or `refused`; None: a quicker request had moved it."""
    try:
        facts, base = await _inspected(
            document, upload, sandbox=sandbox, objects=objects, store_key=store_key
        )
    except DocumentRefused as refusal:
        refused = await store.refuse_document(db, document, refusal.reason)
        if refused is not None:
            await _take_away(document, objects=objects, store_key=store_key)
        return refused
    assert document.object_key is not None, "a document that is being received has its place"
    of = ObjectOf(document_id=document.id, revision=ORIGINAL)
    await keep(upload.data, document.object_key, key=key_of(document, store_key), of=of, objects=objects)
    return await store.make_ready(db, document, facts.boxes, facts.flags, base)


async def _inspected(
    document: Document, upload: Upload, *, sandbox: Sandbox, objects: Objects, store_key: StoreKey
) -> tuple[Facts, Base | None]:
    """What is known of what will be stamped: of the original, or of what it was normalised to."""
    try:
        facts, base = await sandbox.inspect(upload.data), None
    except DocumentRefused as refused:
        if not may_be_repaired(refused):
            raise
        facts, base = await _repaired(
            document, upload, refused, sandbox=sandbox, objects=objects, store_key=store_key
        )
    if not is_sound(facts):
        raise DocumentRefused(reason=Reason.DAMAGED)
    return facts, base


async def _repaired(
    document: Document,
    upload: Upload,
    refused: DocumentRefused,
    *,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
) -> tuple[Facts, Base]:
    """What the original is normalised to; where repair only finds it damaged too, the first reason stands."""
    try:
        return await normalise(
            document, upload.data, refused.reason, sandbox=sandbox, objects=objects, store_key=store_key
        )
    except DocumentRefused as again:
        raise (refused if again.reason is Reason.DAMAGED else again) from again


async def _settled(document: Document, *, db: Database, objects: Objects, store_key: StoreKey) -> Document:
    """The row that a quicker request moved. Refused: what this one may have kept is taken away."""
    now = await find_document(db, document.account_id, document.id)
    if now.object_key is None:
        await _take_away(document, objects=objects, store_key=store_key)
    return now


async def _take_away(document: Document, *, objects: Objects, store_key: StoreKey) -> None:
    """Nothing is kept of what was refused."""
    if document.object_key is not None:
        await objects.delete(document.object_key)
        await objects.delete(base_key(document, store_key))
