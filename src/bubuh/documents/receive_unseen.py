"""S0 for a document that stays at home: its midstate is tried, sealed and kept, or refused with a reason."""

from __future__ import annotations

import hashlib
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import find_document, key_of
from bubuh.documents.keep import keep
from bubuh.documents.keys import StoreKey, fresh_document_key
from bubuh.documents.model import ORIGINAL, Document
from bubuh.documents.moves import DocumentState
from bubuh.documents.ports import Objects
from bubuh.documents.sealing import ObjectOf, seal_name
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.midstate import Midstate, encoded
from bubuh.pdf.seal.sha256 import MidstateUnavailable, is_available
from bubuh.sandbox import Sandbox

_NAME = ""  #: a document that stayed at home told none


async def receive_unseen(
    midstate: Midstate,
    page: int,
    *,
    document_id: UUID,
    account_id: AccountId,
    db: Database,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
) -> Document:
    """Receive what stands for a document whose `page`, from 1, is to be stamped; `document_id` names both.

    Repeating it with the same midstate shows the same document. What is refused leaves no row. A crash after
    the row leaves `receiving`, which the same request completes.

    Raises, in this order:
        MidstateUnavailable: this machine cannot go on from a midstate.
        MidstateUnsupported: the pieces are not what a stamp needs, or the page is not among them.
        IdempotencyConflict: the id stands for another midstate.
        StoreUnavailable, SandboxUnavailable, DatabaseUnavailable: the same request may succeed later.
    """
    if not is_available():
        raise MidstateUnavailable
    data = encoded(midstate)
    document = await store.find_document(db, account_id, document_id)
    if document is None or document.state is DocumentState.RECEIVING:
        box = await sandbox.try_midstate(data, page)
        document = await _open_row(
            data, document_id=document_id, account_id=account_id, db=db, store_key=store_key
        )
        if document.state is DocumentState.RECEIVING and document.sha256 == hashlib.sha256(data).digest():
            assert document.object_key is not None, "a document that is being received has its place"
            of = ObjectOf(document_id=document_id, revision=ORIGINAL)
            await keep(data, document.object_key, key=key_of(document, store_key), of=of, objects=objects)
            ready = await store.make_ready(db, document, (box,), ())
            document = ready or await find_document(db, account_id, document_id)
    if document.sha256 != hashlib.sha256(data).digest():
        raise IdempotencyConflict
    return document


async def _open_row(
    data: bytes, *, document_id: UUID, account_id: AccountId, db: Database, store_key: StoreKey
) -> Document:
    """The row with the document's key in it, new or as it is: of many requests, one key wins."""
    key = fresh_document_key()
    opened = await store.open_document(
        db,
        account_id=account_id,
        document_id=document_id,
        sha256=hashlib.sha256(data).digest(),
        size_bytes=len(data),
        name_sealed=seal_name(_NAME, key, document_id),
        key_sealed=store_key.wrap(key, document_id),
        object_key=store_key.object_key(account_id=account_id, document_id=document_id, revision=ORIGINAL),
        content_unseen=True,
    )
    return opened or await find_document(db, account_id, document_id)
