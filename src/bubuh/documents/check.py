"""The invariant `affixed_has_object`: what rows promise lies in the object store, whole, with its hash."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.moves import DocumentState
from bubuh.documents.ports import ObjectDamaged, ObjectMissing, Objects
from bubuh.documents.refusals import ContentUnseen, DocumentNotReady, DocumentUnknown
from bubuh.documents.revisions import open_revision, read_ground, read_increment

Fault = Literal["row_missing", "not_kept", "object_missing", "object_damaged", "size_differs"]


class StoredRevisions:
    """Says of any revision whether its bytes can be given. Reads every one of them."""

    def __init__(self, *, db: Database, objects: Objects, store_key: StoreKey) -> None:
        self._db = db
        self._objects = objects
        self._store_key = store_key

    async def fault_of(self, account_id: AccountId, document_id: UUID, no: int) -> Fault | None:
        """Why revision `no` cannot be given with the SHA-256 and size its row names; None when it can.

        A destroyed document owes no bytes. Raises `StoreUnavailable` when the store cannot be asked.
        """
        try:
            return await self._read(account_id, document_id, no)
        except DocumentUnknown:
            return "row_missing"
        except DocumentNotReady as refusal:
            return None if refusal.state is DocumentState.DESTROYED else "not_kept"
        except ObjectMissing:
            return "object_missing"
        except ObjectDamaged:
            return "object_damaged"

    async def _read(self, account_id: AccountId, document_id: UUID, no: int) -> Fault | None:
        try:
            opened = await open_revision(
                account_id, document_id, no, db=self._db, objects=self._objects, store_key=self._store_key
            )
        except ContentUnseen:
            return await self._compare(account_id, document_id, no)
        size_bytes = 0
        async for piece in opened.chunks:
            size_bytes += len(piece)
        return None if size_bytes == opened.size_bytes else "size_differs"

    async def _compare(self, account_id: AccountId, document_id: UUID, no: int) -> Fault | None:
        """The same where only the increment is here: on the midstate it has the hash that its row names."""
        ground, _document = await read_ground(
            account_id, document_id, no - 1, db=self._db, objects=self._objects, store_key=self._store_key
        )
        increment = await read_increment(
            account_id, document_id, no, db=self._db, objects=self._objects, store_key=self._store_key
        )
        if ground.sha256(increment.data) != increment.sha256:
            return "object_damaged"
        size_bytes = ground.size_bytes + len(increment.data)
        return None if size_bytes == increment.size_bytes else "size_differs"
