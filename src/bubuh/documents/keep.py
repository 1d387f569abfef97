"""Keeping a sealed object: made once, compared when it is there, made anew when a power cut tore it."""

from __future__ import annotations

from bubuh.documents.keys import DocumentKey
from bubuh.documents.ports import Objects
from bubuh.documents.refusals import RevisionTaken
from bubuh.documents.sealing import ObjectOf, is_whole, seal


async def keep(data: bytes, object_key: str, *, key: DocumentKey, of: ObjectOf, objects: Objects) -> None:
    """Seal `data` and keep it under `object_key`; what is acknowledged survives a power cut.

    To be done before the row that names the object. Doing it again with the same `data` is harmless, and
    completes what a crash left undone: the object that stands there is compared; one that does not
    authenticate from head to last frame was torn, nobody has been told of it, and it is replaced.

    Raises:
        RevisionTaken: other bytes are kept, whole, as this revision.
        StoreUnavailable: not kept, or not known to be; do it again.
    """
    sealed = seal(data, key, of)
    if await objects.create(object_key, sealed):
        return
    standing = await objects.read(object_key)
    if standing != sealed and is_whole(standing, key, of):  # equal by now: another request mended it
        raise RevisionTaken(document_id=of.document_id, revision=of.revision)
    await objects.replace(object_key, sealed)
