"""How a planned increment is kept in its stamp's row, from the digest to the end of the stamp.

It holds bytes of the document (the page's dictionary and the like), so it is sealed under the document's key.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

import msgspec

from bubuh.documents.keys import DocumentKey, box, derive, unbox
from bubuh.documents.ports import ObjectDamaged
from bubuh.pdf.model import Increment

_INCREMENT: Final = msgspec.msgpack.Decoder(Increment)


def seal_plan(increment: Increment, key: DocumentKey, stamp_id: UUID) -> bytes:
    """`increment` for the row of `stamp_id`."""
    return box(msgspec.msgpack.encode(increment), derive(key, "plan"), stamp_id.bytes)


def open_plan(sealed: bytes, key: DocumentKey, stamp_id: UUID, base: bytes) -> Increment:
    """What was sealed, held to its digest over `base`; raises `ObjectDamaged`.

    What an older release sealed opens too: fields of `Increment` are only added, and with a default.
    """
    increment = _INCREMENT.decode(unbox(sealed, derive(key, "plan"), stamp_id.bytes))
    over = hashlib.sha256(base)
    over.update(increment.pre)
    over.update(increment.post)
    if over.digest() != increment.digest:
        raise ObjectDamaged("a plan is not over the revision that its intent names")
    return increment
