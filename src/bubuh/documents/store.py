"""The documents' statements, one typed function each."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database, Row
from bubuh.db.queries import load_queries
from bubuh.documents.model import Base, Document, Revision
from bubuh.documents.moves import DocumentState
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.model import PageBox

SQL: Final[Any] = load_queries("bubuh.documents")
_OF_BASE: Final = frozenset({"base_object_key", "base_sha256", "base_size_bytes", "normalised_for"})


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
) -> bool:
    """Make the row in state `receiving`; False when there is one under this id, which stays as it is."""
    shard = shard_of_account(account_id)
    sealed = (name_sealed, key_sealed, object_key, content_unseen)
    row = await db.fetchrow(
        SQL.open_document.sql, shard, account_id, document_id, sha256, size_bytes, *sealed
    )
    return row is not None


async def find_document(db: Database, account_id: AccountId, document_id: UUID) -> Document | None:
    """The account's document, or None."""
    row = await db.fetchrow(SQL.find_document.sql, shard_of_account(account_id), account_id, document_id)
    return None if row is None else _document(row)


async def make_ready(
    db: Database,
    document: Document,
    boxes: tuple[PageBox, ...],
    flags: tuple[Flag, ...],
    base: Base | None = None,
) -> bool:
    """From `receiving` to `ready`, with the `base` it was normalised to, if it was; whether this call did."""
    shown = (len(boxes), msgspec.to_builtins(boxes), list(flags))
    where = (document.shard, document.account_id, document.id)
    other = (
        (None,) * 4 if base is None else (base.object_key, base.sha256, base.size_bytes, base.normalised_for)
    )
    return await db.fetchrow(SQL.make_ready.sql, *where, *shown, *other) is not None


async def refuse_document(db: Database, document: Document, reason: str) -> bool:
    """From `receiving` to `refused`, and its key destroyed; whether this call moved it."""
    where = (document.shard, document.account_id, document.id)
    return await db.fetchrow(SQL.refuse_document.sql, *where, reason) is not None


async def list_revisions(db: Database, document: Document, *, upto: int) -> list[Revision]:
    """The increments 1 to `upto` that there are, in their order."""
    rows = await db.fetch(SQL.list_revisions.sql, document.shard, document.account_id, document.id, upto)
    return [Revision(**row) for row in rows]


def _document(row: Row) -> Document:
    boxes = () if row["boxes"] is None else msgspec.convert(row["boxes"], tuple[PageBox, ...])
    state = DocumentState(row["state"])
    plain = {key: value for key, value in row.items() if key not in _OF_BASE}
    base = None
    if row["normalised_for"] is not None:
        base = Base(
            object_key=row["base_object_key"],
            sha256=row["base_sha256"],
            size_bytes=row["base_size_bytes"],
            normalised_for=row["normalised_for"],
        )
    shown = {"account_id": AccountId(row["account_id"]), "state": state, "boxes": boxes, "base": base}
    return Document(**{**plain, **shown, "flags": tuple(map(Flag, row["flags"]))})
