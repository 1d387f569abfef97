"""How a planned increment is kept in its stamp's row, from the digest to the end of the stamp.

It holds bytes of the document (the page's dictionary and the like), so it is sealed under the document's key.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from bubuh.documents.ground import Ground
from bubuh.documents.keys import DocumentKey, box, derive, unbox
from bubuh.documents.ports import ObjectDamaged
from bubuh.pdf.model import Increment

_INCREMENT: Final = msgspec.msgpack.Decoder(Increment)


def seal_plan(increment: Increment, key: DocumentKey, stamp_id: UUID) -> bytes:
    """`increment` for the row of `stamp_id`."""
    return box(msgspec.msgpack.encode(increment), derive(key, "plan"), stamp_id.bytes)


def open_plan(sealed: bytes, key: DocumentKey, stamp_id: UUID, ground: Ground) -> Increment:
    """What was sealed, held to its digest over `ground`; raises `ObjectDamaged`.

    What an older release sealed opens too: fields of `Increment` are only added, and with a default.
    """
    increment = _INCREMENT.decode(unbox(sealed, derive(key, "plan"), stamp_id.bytes))
    if ground.sha256(increment.pre, increment.post) != increment.digest:
        raise ObjectDamaged("a plan is not over the revision that its intent names")
    return increment
