"""The invariant `affixed_has_object`: what rows promise lies in the object store, whole, with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import key_of
from bubuh.documents.keys import DocumentKey, StoreKey
from bubuh.documents.model import ORIGINAL, Document, Revision
from bubuh.documents.ports import ObjectDamaged, ObjectMissing, Objects
from bubuh.documents.sealing import ObjectOf, unseal

Wrong = Literal["row_missing", "object_missing", "object_damaged", "hash_differs"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RevisionOf:
    """A revision that somebody relies on."""

    account_id: AccountId
    document_id: UUID
    no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDifference:
    """A revision whose bytes cannot be given, and why."""

    revision: RevisionOf
    wrong: Wrong


async def check_revisions(
    revisions: Iterable[RevisionOf], *, db: Database, objects: Objects, store_key: StoreKey
) -> AsyncIterator[ObjectDifference]:
    """Each of `revisions` that does not stand in the store with the SHA-256 and the size its row names.

    Every object that a revision is made of is read, opened and hashed, once a document. A destroyed document
    owes no bytes. Raises `StoreUnavailable` when the store cannot be asked.
    """
    by_document = groupby(sorted(revisions), key=lambda each: (each.account_id, each.document_id))
    for (account_id, document_id), asked in by_document:
        wanted = list(asked)
        document = await store.find_document(db, account_id, document_id)
        if document is not None and document.key_sealed is None:
            continue
        found: dict[int, Wrong | None] = {}
        if document is not None:
            found = await _walk(document, wanted[-1].no, db=db, objects=objects, store_key=store_key)
        for revision in wanted:
            if (wrong := found.get(revision.no, "row_missing")) is not None:
                yield ObjectDifference(revision=revision, wrong=wrong)


async def _walk(
    document: Document, upto: int, *, db: Database, objects: Objects, store_key: StoreKey
) -> dict[int, Wrong | None]:
    """What is wrong with each revision that has a row. What is wrong with one is wrong with all upon it."""
    found: dict[int, Wrong | None] = {}
    wrong: Wrong | None = None
    try:
        whole = _Whole(document.id, key_of(document, store_key), objects)
    except ObjectDamaged:
        return dict.fromkeys(range(upto + 1), "object_damaged")
    for link in [_original(document), *await store.list_revisions(db, document, upto=upto)]:
        wrong = wrong or await whole.add(link)
        found[link.no] = wrong
    return found


class _Whole:
    """A document that grows by its revisions: hash and size so far."""

    def __init__(self, document_id: UUID, key: DocumentKey, objects: Objects) -> None:
        self._document_id = document_id
        self._key = key
        self._objects = objects
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    async def add(self, link: Revision) -> Wrong | None:
        """Put `link` upon what is there; what is wrong with the result."""
        try:
            sealed = await self._objects.read(link.object_key)
            data = unseal(sealed, self._key, ObjectOf(document_id=self._document_id, revision=link.no))
        except ObjectMissing:
            return "object_missing"
        except ObjectDamaged:
            return "object_damaged"
        self._digest.update(data)
        self._size_bytes += len(data)
        is_right = (self._digest.digest(), self._size_bytes) == (link.sha256, link.size_bytes)
        return None if is_right else "hash_differs"


def _original(document: Document) -> Revision:
    assert document.object_key is not None, "a document with a key has its place"
    return Revision(
        no=ORIGINAL,
        object_key=document.object_key,
        increment_bytes=document.size_bytes,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
    )
