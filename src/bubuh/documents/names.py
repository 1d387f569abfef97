"""The name of a document's file: personal data, so sealed with the document's key and lost with it."""

from __future__ import annotations

from bubuh.documents.find import key_of
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import Document
from bubuh.documents.sealing import unseal_name


def document_name(document: Document, store_key: StoreKey) -> str:
    """The file's name as its owner gave it.

    Raises:
        DocumentNotReady: refused or destroyed, and the name with it.
        ObjectDamaged: the row was changed, or its secret is not in the store key.
    """
    key = key_of(document, store_key)
    assert document.name_sealed is not None, "a document's key and name go together"
    return unseal_name(document.name_sealed, key, document.id)
