"""A document is a chain of revisions: the original, then increments in row order. Given bytes stay."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import find_document, key_of
from bubuh.documents.ground import Ground
from bubuh.documents.keep import keep
from bubuh.documents.keys import DocumentKey, StoreKey
from bubuh.documents.model import AFTER, NORMALISED, ORIGINAL, Document, Revision
from bubuh.documents.moves import DocumentState
from bubuh.documents.ports import ObjectDamaged, Objects
from bubuh.documents.refusals import ContentUnseen, DocumentNotReady, DocumentUnknown, RevisionTaken
from bubuh.documents.sealing import ObjectOf, unseal, unseal_stream
from bubuh.pdf.seal.room import filled


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRevision:
    """What is known of a revision before its first byte, and its bytes."""

    document: Document
    no: int
    sha256: bytes
    size_bytes: int
    chunks: AsyncIterator[bytes]

    async def read(self) -> bytes:
        """All of `chunks` at once."""
        return b"".join([piece async for piece in self.chunks])


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What a revision appends, time-stamp and DSS included; the figures are of the whole document."""

    document: Document
    sha256: bytes
    size_bytes: int
    data: bytes


async def create_increment(
    document: Document, no: int, increment: bytes, *, objects: Objects, store_key: StoreKey
) -> str:
    """Keep `increment` as what revision `no` appends; the object's key, for the row that will name it.

    To be done before that row (S5 before S6). Doing it again with the same bytes is harmless.

    Raises:
        DocumentNotReady: the document's key is destroyed.
        RevisionTaken: another increment is kept under this number.
        StoreUnavailable: not kept, or not known to be.
    """
    assert no > ORIGINAL, "revision 0 is the original"
    key = key_of(document, store_key)
    object_key = store_key.object_key(account_id=document.account_id, document_id=document.id, revision=no)
    of = ObjectOf(document_id=document.id, revision=no)
    await keep(increment, object_key, key=key, of=of, objects=objects)
    return object_key


async def create_dss(
    account_id: AccountId,
    document_id: UUID,
    no: int,
    dss: bytes,
    *,
    db: Database,
    objects: Objects,
    store_key: StoreKey,
) -> tuple[str, bytes]:
    """Keep `dss` as what comes after the increment of revision `no`; its object's key, and what stands.

    Two attempts may gather different evidence: the first whole object stands, for both of them. It is of this
    very revision, because a revision's own bytes are settled before its DSS is planned.

    Raises:
        DocumentUnknown, DocumentNotReady: no such document, or its key is destroyed.
        StoreUnavailable: not kept, or not known to be.
    """
    key = key_of(await find_document(db, account_id, document_id), store_key)
    object_key = store_key.object_key(account_id=account_id, document_id=document_id, revision=no + AFTER)
    of = ObjectOf(document_id=document_id, revision=no + AFTER)
    try:
        await keep(dss, object_key, key=key, of=of, objects=objects)
    except RevisionTaken:
        return object_key, unseal(await objects.read(object_key), key, of)
    return object_key, dss


async def open_revision(
    account_id: AccountId,
    document_id: UUID,
    no: int,
    *,
    db: Database,
    objects: Objects,
    store_key: StoreKey,
) -> OpenRevision:
    """Revision `no`, ready to be streamed; what can fail early fails here.

    0 is the original, what it was normalised to, or the midstate of a document that stayed at home.

    The last piece of `chunks` is given on only when the SHA-256 over the whole is that of the row: a reader
    that got `size_bytes` got the very bytes.

    Raises:
        DocumentUnknown: no such document or revision in the account.
        DocumentNotReady: it has no bytes.
        ContentUnseen: they were never here.
        ObjectMissing, ObjectDamaged, StoreUnavailable: so does `chunks`.
    """
    document, revisions = await _find_ready(db, account_id, document_id, no)
    if document.content_unseen and no != ORIGINAL:
        raise ContentUnseen(document_id=document_id)
    assert document.object_key is not None, "a document that is ready has its object"
    key = key_of(document, store_key)
    base, base_key = ORIGINAL, document.object_key
    sha256, size_bytes = document.sha256, document.size_bytes
    if document.base is not None:
        base, base_key = NORMALISED, document.base.object_key
        sha256, size_bytes = document.base.sha256, document.base.size_bytes
    first = await objects.open(base_key)
    increments = [await _read_added(document, revision, key, objects) for revision in revisions]
    if revisions:
        sha256, size_bytes = revisions[-1].sha256, revisions[-1].size_bytes
    of = ObjectOf(document_id=document_id, revision=base)
    pieces = _joined(unseal_stream(first, key, of), increments)
    return OpenRevision(
        document=document, no=no, sha256=sha256, size_bytes=size_bytes, chunks=_checked(pieces, sha256)
    )


async def read_ground(
    account_id: AccountId,
    document_id: UUID,
    no: int,
    *,
    db: Database,
    objects: Objects,
    store_key: StoreKey,
) -> tuple[Ground, Document]:
    """What revision `no` is to whoever appends to it, and the document it is a revision of.

    Raises as `open_revision` does, and as its chunks do.
    """
    opened = await open_revision(account_id, document_id, no, db=db, objects=objects, store_key=store_key)
    unseen = opened.document.content_unseen
    return Ground(data=await opened.read(), content_unseen=unseen), opened.document


async def read_increment(
    account_id: AccountId,
    document_id: UUID,
    no: int,
    *,
    db: Database,
    objects: Objects,
    store_key: StoreKey,
) -> Increment:
    """What revision `no`, from 1, appends to the one before it; raises as `open_revision` does."""
    assert no > ORIGINAL, "revision 0 is the original"
    document, revisions = await _find_ready(db, account_id, document_id, no)
    revision = revisions[-1]
    data = await _read_added(document, revision, key_of(document, store_key), objects)
    return Increment(document=document, sha256=revision.sha256, size_bytes=revision.size_bytes, data=data)


async def _find_ready(
    db: Database, account_id: AccountId, document_id: UUID, no: int
) -> tuple[Document, list[Revision]]:
    """The document, and the increments that make its revision `no`, none missing."""
    found = await store.find_revisions(db, account_id, document_id, upto=no)
    if found is None:
        raise DocumentUnknown(document_id=document_id)
    document, revisions = found
    if document.state is not DocumentState.READY or document.object_key is None:
        raise DocumentNotReady(document_id=document_id, state=document.state)
    if no < ORIGINAL or [revision.no for revision in revisions] != list(range(1, no + 1)):
        raise DocumentUnknown(document_id=document_id)
    return document, revisions


async def _read_added(document: Document, revision: Revision, key: DocumentKey, objects: Objects) -> bytes:
    """The increment, with the time-stamp that came for it, and the DSS after it."""
    of = ObjectOf(document_id=document.id, revision=revision.no)
    added = unseal(await objects.read(revision.object_key), key, of)
    if revision.token is not None:
        assert revision.gap_at is not None, "a time-stamp has its place"
        added = filled(added, revision.gap_at, revision.token)
    if revision.dss_object_key is not None:
        after = ObjectOf(document_id=document.id, revision=revision.no + AFTER)
        added += unseal(await objects.read(revision.dss_object_key), key, after)
    return added


async def _joined(base: AsyncIterator[bytes], increments: Sequence[bytes]) -> AsyncIterator[bytes]:
    async for piece in base:
        yield piece
    for increment in increments:
        yield increment


async def _checked(pieces: AsyncIterator[bytes], sha256: bytes) -> AsyncIterator[bytes]:
    """`pieces`, the last of which is given on only when the hash over all of them is right."""
    digest, held = hashlib.sha256(), b""
    async for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.digest() != sha256:
        raise ObjectDamaged("a revision's bytes do not have the hash that its row names")
    yield held
