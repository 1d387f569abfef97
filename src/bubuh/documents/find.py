"""Finding an account's document, and the key in its row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.documents import store
from bubuh.documents.keys import DocumentKey, StoreKey
from bubuh.documents.model import Document
from bubuh.documents.refusals import DocumentNotReady, DocumentUnknown

PAGE: Final = 500  #: documents of one question


async def find_document(db: Database, account_id: AccountId, document_id: UUID) -> Document:
    """The account's document, as it is now.

    Raises:
        DocumentUnknown: there is none, or it is another account's.
    """
    document = await store.find_document(db, account_id, document_id)
    if document is None:
        raise DocumentUnknown(document_id=document_id)
    return document


async def list_documents(db: Database, account_id: AccountId) -> AsyncIterator[Document]:
    """Every document that the account ever gave us, in no order that tells anything."""
    last = None
    while page := await store.list_documents(db, account_id, after=last, most=PAGE):
        for document in page:
            yield document
        last = page[-1].id


def key_of(document: Document, store_key: StoreKey) -> DocumentKey:
    """The document's own key.

    Raises:
        DocumentNotReady: refused or destroyed, and the key with it.
        ObjectDamaged: the row was changed, or its secret is not in the store key.
    """
    if document.key_sealed is None:
        raise DocumentNotReady(document_id=document.id, state=document.state)
    return store_key.unwrap(document.key_sealed, document.id)
