"""Plan a stamp by splicing bytes: the lean engine's one door."""

from __future__ import annotations

import functools
import zlib
from datetime import UTC
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.pdf.cms import room_bytes
from bubuh.pdf.geometry import to_page_space
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.drawn import face_object
from bubuh.pdf.lean.form import add_annotation, add_field
from bubuh.pdf.lean.increment import assemble
from bubuh.pdf.lean.pages import Page, page_at
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.splice import Changes
from bubuh.pdf.lean.tokens import reference
from bubuh.pdf.letters import number
from bubuh.pdf.model import Chain, Increment, Intent, Rect

MOST_BYTES: Final = 64 * 2**20

_PRINT_AND_LOCKED: Final = 132  #: annotation flags. Source: ISO 32000-2, table 167

#: What hostile bytes provoke, and provoke each time: to want memory or to be interrupted is not among them,
#: because an intent that was planned here once must be planned here for ever.
_PROVOKED: Final = (ValueError, LookupError, ArithmeticError, TypeError, zlib.error)


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
    except _PROVOKED as error:
        raise Declined(Why.UNREADABLE, type(error).__name__) from error


def _planned(document: bytes, intent: Intent, chain: Chain) -> Increment:
    if len(document) > MOST_BYTES:
        raise Declined(Why.END, "too large")
    reader = Document(document)
    root = reference(reader.chain.sections[0].trailer.get(b"/Root"))
    if root is None:
        raise Declined(Why.TRAILER, "no /Root")
    catalog = reader.dictionary(root)
    if b"/Perms" in catalog.values:
        raise Declined(Why.PERMISSIONS)
    page = page_at(reader, catalog, intent.place.page)
    rect = to_page_space(intent.place, page.box)
    face, widget, signature = (reader.chain.highest + step for step in (1, 2, 3))
    changes = Changes()
    add_annotation(reader, changes, page, b"%d 0 R" % widget)
    add_field(reader, changes, (root, catalog), b"%d 0 R" % widget, intent.field_name.encode())
    objects = {
        (face, 0): face_object(intent.serial_no, intent.qr_payload, page.box.rotate),
        (widget, 0): _widget(intent, page, rect, face=face, signature=signature),
        **changes.written(),
    }
    return assemble(
        document,
        reader.chain,
        objects,
        (signature, _signature(intent)),
        file_id=intent.file_id,
        room_bytes=_room_bytes(chain) + intent.time_stamp_room,
    )


def _widget(intent: Intent, page: Page, rect: Rect, *, face: int, signature: int) -> bytes:
    """Field and annotation in one. Source: ISO 32000-2, 12.7.5.5."""
    corners = " ".join(map(number, (rect.x0, rect.y0, rect.x1, rect.y1)))
    return (
        f"<< /Type /Annot /Subtype /Widget /FT /Sig /T ({intent.field_name}) /F {_PRINT_AND_LOCKED}"
        f" /P {page.ref[0]} {page.ref[1]} R /Rect [{corners}] /AP << /N {face} 0 R >> /V {signature} 0 R >>"
    ).encode("ascii")


def _signature(intent: Intent) -> bytes:
    """The signature's entries, but for ByteRange and Contents."""
    signed_at = intent.signed_at.astimezone(UTC)
    return (
        "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
        f" /M (D:{signed_at:%Y%m%d%H%M%S}Z) /Reason ({intent.reason})"
    ).encode("ascii")


@functools.lru_cache(maxsize=64)
def _room_bytes(chain: Chain) -> int:
    return room_bytes(chain)
