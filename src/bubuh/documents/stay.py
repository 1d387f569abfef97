"""How long a document's bytes stay, and the owner's word on it."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.find import find_document
from bubuh.documents.model import Stay
from bubuh.documents.refusals import DocumentNotReady, DocumentUnknown


async def find_stay(db: Database, account_id: AccountId, document_id: UUID) -> Stay:
    """How long the account's document stays; raises `DocumentUnknown`."""
    stay = await store.find_stay(db, account_id, document_id)
    if stay is None:
        raise DocumentUnknown(document_id=document_id)
    return stay


async def set_kept(db: Database, account_id: AccountId, document_id: UUID, *, is_kept: bool) -> None:
    """Keep the bytes past their time, or no longer; those whose time is over by then go with the next round.

    Raises:
        DocumentUnknown: the account has no such document.
        DocumentNotReady: it has no bytes any more.
    """
    if not await store.set_kept(db, account_id, document_id, is_kept=is_kept):
        document = await find_document(db, account_id, document_id)
        raise DocumentNotReady(document_id=document.id, state=document.state)
