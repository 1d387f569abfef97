"""A damaged original is written anew, once: what is stamped then is kept beside it, and never made again."""

from __future__ import annotations

import hashlib

from bubuh.documents.find import key_of
from bubuh.documents.keep import keep
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import NORMALISED, Base, Document
from bubuh.documents.ports import ObjectDamaged, ObjectMissing, Objects
from bubuh.documents.sealing import ObjectOf, unseal
from bubuh.pdf.model import Facts
from bubuh.pdf.refusals import Reason
from bubuh.sandbox import Sandbox


async def normalise(
    document: Document,
    original: bytes,
    reason: Reason,
    *,
    sandbox: Sandbox,
    objects: Objects,
    store_key: StoreKey,
) -> tuple[Facts, Base]:
    """What `original`, refused for `reason`, becomes when it is written anew; kept before it is answered.

    What an earlier attempt kept is taken as it is: another release might write other bytes.

    Raises:
        DocumentRefused: it cannot be repaired, or would break signatures, or look otherwise.
        RevisionTaken, StoreUnavailable: not kept, or not known to be; do it again.
    """
    key, place = key_of(document, store_key), base_key(document, store_key)
    of = ObjectOf(document_id=document.id, revision=NORMALISED)
    try:
        data = unseal(await objects.read(place), key, of)
        facts = await sandbox.inspect(data)
    except (ObjectMissing, ObjectDamaged):  # a damaged one was torn by a power cut: nobody was told of it
        normalised = await sandbox.repair(original)
        data, facts = normalised.document, normalised.facts
        await keep(data, place, key=key, of=of, objects=objects)
    sha256 = hashlib.sha256(data).digest()
    base = Base(object_key=place, sha256=sha256, size_bytes=len(data), normalised_for=str(reason))
    return facts, base


def base_key(document: Document, store_key: StoreKey) -> str:
    """Where the base of a normalised document lies."""
    return store_key.object_key(account_id=document.account_id, document_id=document.id, revision=NORMALISED)
