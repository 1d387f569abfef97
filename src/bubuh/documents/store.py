"""The documents' statements, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.documents.model import KEPT_S, Base, Document, Due, Leftover, PartialUpload, Revision, Stay
from bubuh.documents.moves import DocumentState
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.model import PageBox

SQL: Final[Any] = load_queries("bubuh.documents")


async def destroy_all(conn: Conn, account_id: AccountId) -> None:
    """Destroy the keys of all documents of the account, and drop what is on its way in."""
    shard = shard_of_account(account_id)
    await conn.execute(SQL.destroy_all.sql, shard, account_id)
    await conn.execute(SQL.drop_uploads.sql, shard, account_id)


async def lock_due(conn: Conn, shard: Shard, *, at_most: int) -> list[Due]:
    """Documents of a shard whose time is over, locked until the transaction ends."""
    return [Due(**row) for row in await conn.fetch(SQL.lock_due.sql, shard, KEPT_S, at_most)]


async def destroy_due(conn: Conn, shard: Shard, due: Sequence[Due]) -> set[UUID]:
    """Destroy the keys of those of `due` that no stamp is under way on; which they were."""
    rows = await conn.fetch(SQL.destroy_due.sql, shard, *columns(due, "account_id", "id"))
    return {row["id"] for row in rows}


async def list_leftovers(db: Database, shard: Shard, *, at_most: int) -> list[Leftover]:
    """Destroyed documents of a shard whose objects may still be there."""
    return [Leftover(**row) for row in await db.fetch(SQL.list_leftovers.sql, shard, at_most)]


async def list_added_objects(db: Database, shard: Shard, documents: Sequence[Leftover]) -> list[str]:
    """Where all lies that was appended to them."""
    rows = await db.fetch(SQL.list_added_objects.sql, shard, *columns(documents, "account_id", "id"))
    return [key for row in rows for key in row if key is not None]


async def forget_leftovers(db: Database, shard: Shard, documents: Sequence[Leftover]) -> None:
    """Their objects are gone: the rows need not say any more where they lay."""
    await db.execute(SQL.forget_leftovers.sql, shard, *columns(documents, "account_id", "id"))


async def set_kept(db: Database, account_id: AccountId, document_id: UUID, *, is_kept: bool) -> bool:
    """Keep the document past its time, or no longer. False: the account has no such document with bytes."""
    shard = shard_of_account(account_id)
    return await db.fetchrow(SQL.set_kept.sql, shard, account_id, document_id, is_kept) is not None


async def find_stay(db: Database, account_id: AccountId, document_id: UUID) -> Stay | None:
    """How long the document's bytes stay; None: the account has no such document."""
    row = await db.fetchrow(SQL.find_stay.sql, shard_of_account(account_id), account_id, document_id, KEPT_S)
    return None if row is None else Stay(**row)


async def open_document(
    db: Database,
    *,
    account_id: AccountId,
    document_id: UUID,
    sha256: bytes,
    size_bytes: int,
    name_sealed: bytes,
    key_sealed: bytes,
    object_key: str,
    content_unseen: bool = False,
) -> Document | None:
    """Make the row in state `receiving`; None when there is one under this id, which stays as it is."""
    shard = shard_of_account(account_id)
    sealed = (name_sealed, key_sealed, object_key, content_unseen)
    row = await db.fetchrow(
        SQL.open_document.sql, shard, account_id, document_id, sha256, size_bytes, *sealed
    )
    return None if row is None else _document(row)


async def find_document(db: Database, account_id: AccountId, document_id: UUID) -> Document | None:
    """The account's document, or None."""
    row = await db.fetchrow(SQL.find_document.sql, shard_of_account(account_id), account_id, document_id)
    return None if row is None else _document(row)


async def list_documents(
    db: Database, account_id: AccountId, *, after: UUID | None, most: int
) -> list[Document]:
    """Documents of the account by their ids, from after that one; None: from the first."""
    shard = shard_of_account(account_id)
    return [_document(row) for row in await db.fetch(SQL.list_documents.sql, shard, account_id, after, most)]


async def make_ready(
    db: Database,
    document: Document,
    boxes: tuple[PageBox, ...],
    flags: tuple[Flag, ...],
    base: Base | None = None,
) -> Document | None:
    """From `receiving` to `ready`, with the `base` it was normalised to; None: it had moved before."""
    shown = (len(boxes), msgspec.to_builtins(boxes), list(flags))
    where = (document.shard, document.account_id, document.id)
    other = (
        (None,) * 4 if base is None else (base.object_key, base.sha256, base.size_bytes, base.normalised_for)
    )
    row = await db.fetchrow(SQL.make_ready.sql, *where, *shown, *other)
    return None if row is None else _document(row)


async def refuse_document(db: Database, document: Document, reason: str) -> Document | None:
    """From `receiving` to `refused`, and its key destroyed; None: it had moved before."""
    where = (document.shard, document.account_id, document.id)
    row = await db.fetchrow(SQL.refuse_document.sql, *where, reason)
    return None if row is None else _document(row)


async def find_revisions(
    db: Database, account_id: AccountId, document_id: UUID, *, upto: int
) -> tuple[Document, list[Revision]] | None:
    """The account's document, and its increments 1 to `upto` that there are, in their order; or None."""
    shard = shard_of_account(account_id)
    rows = await db.fetch(SQL.find_revisions.sql, shard, account_id, document_id, upto)
    if not rows:
        return None
    return _document(rows[0]), [_revision(row) for row in rows if row["revision_no"] is not None]


async def open_upload(
    db: Database,
    *,
    account_id: AccountId,
    upload_id: UUID,
    size_bytes: int,
    name_sealed: bytes,
    key_sealed: bytes,
    lasts_s: float,
) -> PartialUpload | None:
    """Make the row of a document that is to come in parts; None when there is one under this id."""
    shard = shard_of_account(account_id)
    told = (size_bytes, name_sealed, key_sealed, lasts_s)
    row = await db.fetchrow(SQL.open_upload.sql, shard, account_id, upload_id, *told)
    return None if row is None else _upload(row)


async def find_upload(db: Database, account_id: AccountId, upload_id: UUID) -> PartialUpload | None:
    """The account's upload, unless it has expired; or None."""
    row = await db.fetchrow(SQL.find_upload.sql, shard_of_account(account_id), account_id, upload_id)
    return None if row is None else _upload(row)


async def list_uploads(db: Database, account_id: AccountId) -> list[PartialUpload]:
    """Those of the account, the oldest first, expired ones too."""
    rows = await db.fetch(SQL.list_uploads.sql, shard_of_account(account_id), account_id)
    return [_upload(row) for row in rows]


async def list_expired_uploads(db: Database, shard: Shard, *, most: int) -> list[PartialUpload]:
    """Those of a shard that have expired."""
    return [_upload(row) for row in await db.fetch(SQL.list_expired_uploads.sql, shard, most)]


async def add_part(
    db: Database, upload: PartialUpload, *, part: int, part_bytes: int
) -> PartialUpload | None:
    """Count the object `part` in, if the upload stands where it did; None: it does not."""
    where = (shard_of_account(upload.account_id), upload.account_id, upload.id)
    row = await db.fetchrow(SQL.add_part.sql, *where, upload.received_bytes, part, part_bytes)
    return None if row is None else _upload(row)


async def drop_upload(db: Database, upload: PartialUpload) -> None:
    """Take the row away, and the key of its objects with it."""
    shard = shard_of_account(upload.account_id)
    await db.fetchrow(SQL.drop_upload.sql, shard, upload.account_id, upload.id)


def _upload(row: Row) -> PartialUpload:
    return PartialUpload(
        id=row["id"],
        account_id=AccountId(row["account_id"]),
        size_bytes=row["size_bytes"],
        received_bytes=row["received_bytes"],
        parts=tuple(row["parts"]),
        expires_at=row["expires_at"],
        name_sealed=row["name_sealed"],
        key_sealed=row["key_sealed"],
    )


def _document(row: Row) -> Document:
    base = None
    if row["normalised_for"] is not None:
        base = Base(
            object_key=row["base_object_key"],
            sha256=row["base_sha256"],
            size_bytes=row["base_size_bytes"],
            normalised_for=row["normalised_for"],
        )
    return Document(
        id=row["id"],
        account_id=AccountId(row["account_id"]),
        state=DocumentState(row["state"]),
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        pages=row["pages"],
        boxes=() if row["boxes"] is None else msgspec.convert(row["boxes"], tuple[PageBox, ...]),
        reason=row["reason"],
        flags=tuple(map(Flag, row["flags"])),
        received_at=row["received_at"],
        name_sealed=row["name_sealed"],
        key_sealed=row["key_sealed"],
        object_key=row["object_key"],
        base=base,
        content_unseen=row["content_unseen"],
    )


def _revision(row: Row) -> Revision:
    return Revision(
        no=row["revision_no"],
        object_key=row["revision_object_key"],
        increment_bytes=row["increment_bytes"],
        sha256=row["revision_sha256"],
        size_bytes=row["revision_size_bytes"],
        gap_at=row["gap_at"],
        token=row["token"],
        dss_object_key=row["dss_object_key"],
    )
