"""Plan a stamp by splicing bytes: the lean engine's one door."""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib
from binascii import hexlify
from datetime import UTC
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.pdf.cipher import Cipher
from bubuh.pdf.geometry import to_page_space
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.drawn import face_object, face_stream
from bubuh.pdf.lean.form import add_annotation, add_field
from bubuh.pdf.lean.increment import Before, Begun, assemble, before
from bubuh.pdf.lean.pages import Page, page_at
from bubuh.pdf.lean.reader import Document, Objects
from bubuh.pdf.lean.splice import Changes
from bubuh.pdf.lean.tokens import Ref, reference
from bubuh.pdf.model import Chain, Increment, Intent, Rect
from bubuh.pdf.seal.cms import room_bytes

MOST_BYTES: Final = 64 * 2**20

_PRINT_AND_LOCKED: Final = 132  #: annotation flags. Source: ISO 32000-2, table 167

#: What hostile bytes provoke, and provoke each time: to want memory or to be interrupted is not among them,
#: because an intent that was planned here once must be planned here for ever.
PROVOKED: Final = (ValueError, LookupError, ArithmeticError, TypeError, zlib.error, struct.error)


def plan_lean(document: bytes, intent: Intent, chain: Chain) -> Increment:
    """What `intent` appends to `document`: the same arguments give the same bytes, or the same `Declined`.

    Raises:
        Declined: this engine does not stamp the document, or place, page or serial number are refused: which
            of them, another engine says.
    """
    try:
        return _planned(document, intent, chain)
    except Refusal as refused:
        raise Declined(Why.PLACE, refused.code) from refused
    except PROVOKED as error:
        raise Declined(Why.UNREADABLE, type(error).__name__) from error


def _planned(document: bytes, intent: Intent, chain: Chain) -> Increment:
    if len(document) > MOST_BYTES:
        raise Declined(Why.END, "too large")
    reader = Document(document)
    hashed, ground = hashlib.sha256(document), before(reader.chain)
    return plan_on(reader, ground, len(document), hashed, intent, chain, cipher=reader.cipher)


def plan_on(
    objects: Objects,
    ground: Before,
    size: int,
    hashed: Begun,
    intent: Intent,
    chain: Chain,
    *,
    cipher: Cipher | None = None,
) -> Increment:
    """The same on the objects of a document of `size` bytes that `hashed` has seen.

    `cipher` is what its strings and streams are encrypted with.
    """
    page, changes = marked(objects, ground, intent.place.page, name=intent.field_name)
    rect = to_page_space(intent.place, page.box)
    face, widget, signature = ground.highest + 1, ground.highest + 2, ground.highest + 3
    hide = _Hiding(cipher, intent.file_id)
    body = hide.stream(face_stream(intent.serial_no, intent.qr_payload), face)
    name = hide.string(intent.field_name.encode("ascii"), widget)
    written = [
        ((face, 0), face_object(body, page.box.rotate)),
        ((widget, 0), _widget(name, page.ref, rect, face=face, signature=signature)),
        *changes.written(),
    ]
    return assemble(
        size,
        hashed,
        ground,
        written,
        (signature, _signature(intent, hide, signature)),
        file_id=intent.file_id,
        room_bytes=_room_bytes(chain) + intent.time_stamp_room,
    )


def marked(objects: Objects, ground: Before, wanted: int, *, name: str) -> tuple[Page, Changes]:
    """The page of that number, and what tells it and the form of a new field called `name`."""
    root, told, changes = reference(ground.root), b"%d 0 R" % (ground.highest + 2), Changes()
    catalog = objects.dictionary(root)
    if root is None or b"/Perms" in catalog.values:
        raise Declined(Why.PERMISSIONS)
    page = page_at(objects, catalog, wanted)
    add_annotation(objects, changes, page, told)
    add_field(objects, changes, (root, catalog), told, name)
    return page, changes


class _Hiding:
    """Strings and streams of new objects, encrypted where the document is."""

    def __init__(self, cipher: Cipher | None, seed: bytes) -> None:
        self._cipher, self._seed = cipher, seed

    def stream(self, data: bytes, own: int) -> bytes:
        return data if self._cipher is None else self._cipher.encrypted(data, own, seed=self._seed)

    def string(self, said: bytes, own: int) -> bytes:
        """A string as it is written; `said` needs no escapes."""
        if self._cipher is None:
            return b"(%s)" % said
        return b"<%s>" % hexlify(self._cipher.encrypted(said, own, seed=self._seed))


def _widget(name: bytes, page: Ref, rect: Rect, *, face: int, signature: int) -> bytes:
    """Field and annotation in one. Source: ISO 32000-2, 12.7.5.5."""
    return (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T %s /F %d /P %d %d R /Rect [%.4f %.4f %.4f %.4f]"
        b" /AP << /N %d 0 R >> /V %d 0 R >>"
    ) % (name, _PRINT_AND_LOCKED, *page, rect.x0, rect.y0, rect.x1, rect.y1, face, signature)


def _signature(intent: Intent, hide: _Hiding, own: int) -> bytes:
    """The entries of the signature, the object `own`, but for ByteRange and Contents."""
    at = intent.signed_at.astimezone(UTC)
    moment = b"D:%04d%02d%02d%02d%02d%02dZ" % (at.year, at.month, at.day, at.hour, at.minute, at.second)
    return b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M %s /Reason %s" % (
        hide.string(moment, own),
        hide.string(intent.reason.encode("ascii"), own),
    )


@functools.lru_cache(maxsize=64)
def _room_bytes(chain: Chain) -> int:
    return room_bytes(chain)
