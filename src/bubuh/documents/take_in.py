"""Taking a body in: counted, hashed and looked at while it streams; what is refused is not read on."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Final

from bubuh.documents.model import LIMIT_BYTES, Upload
from bubuh.documents.refusals import DocumentEmpty, DocumentTooLarge, DocumentTruncated, NotAPdf

MARK: Final = b"%PDF-"
SNIFFED_BYTES: Final = 1024  #: where readers look for the mark (ISO 32000-1, annex H, note 13)


async def take_in(body: AsyncIterator[bytes], *, announced_bytes: int | None = None) -> Upload:
    """The whole of `body`, at most 10 x 2**20 bytes that call themselves a PDF.

    `announced_bytes` is what the sender said would come, when it said so.

    Raises, and then reads no further:
        DocumentTooLarge: announced before the first byte, or found out on the way.
        NotAPdf: no `%PDF-` in the first 1024 bytes.
        DocumentEmpty: no byte came.
        DocumentTruncated: fewer bytes came than were announced.
    """
    if (announced_bytes or 0) > LIMIT_BYTES:
        raise DocumentTooLarge
    digest, pieces, size_bytes = hashlib.sha256(), [], 0
    head = b""
    async for piece in body:
        size_bytes += len(piece)
        if size_bytes > LIMIT_BYTES:
            raise DocumentTooLarge
        if len(head) < SNIFFED_BYTES:
            head = (head + piece)[:SNIFFED_BYTES]
            if len(head) == SNIFFED_BYTES:
                _sniff(head)
        digest.update(piece)
        pieces.append(bytes(piece))
    if size_bytes == 0:
        raise DocumentEmpty
    _sniff(head)
    if announced_bytes is not None and size_bytes < announced_bytes:
        raise DocumentTruncated
    return Upload(data=b"".join(pieces), sha256=digest.digest())


def _sniff(head: bytes) -> None:
    if MARK not in head:
        raise NotAPdf
