"""Plan a stamp: the bytes to append to a document, decided by document, intent and chain alone.

The lean engine plans what it knows; what it declines is planned here, with the library. The same three
arguments decide which of the two it is.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Final

from pyhanko.pdf_utils import generic

from bubuh.pdf.face.drawing import COLOUR_SPACE, SIDE
from bubuh.pdf.general.appender import Appender
from bubuh.pdf.general.objects import (
    Slot,
    array,
    dictionary,
    integer,
    name,
    numbers,
    reference,
    stream,
    target,
    text,
)
from bubuh.pdf.general.pagetree import Page, page_at
from bubuh.pdf.general.reader import entry, fields, open_reader
from bubuh.pdf.geometry import to_page_space, upright
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.drawn import face_stream
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.model import Chain, Increment, Intent, Rect, Tier
from bubuh.pdf.refusals import DocumentRefused, Reason, refusing_damage
from bubuh.pdf.seal.cms import room_bytes

PRINT_AND_LOCKED: Final = 132  #: annotation flags. Source: ISO 32000-2, table 167
SIGNATURES_EXIST_APPEND_ONLY: Final = 3  #: /SigFlags. Source: ISO 32000-2, table 225

_BYTE_RANGE_BYTES: Final = 40


@refusing_damage
def plan(document: bytes, intent: Intent, chain: Chain) -> Increment:
    """What `intent` appends to `document`: the same arguments give the same bytes, for ever.

    Raises:
        DocumentRefused: the document cannot be read, or bears this serial number already.
        PageOutOfRange, FaceSize, OutsidePage: the place is not on the document.
    """
    try:
        return plan_lean(document, intent, chain)
    except Declined:
        return plan_with_library(document, intent, chain)


def plan_with_library(document: bytes, intent: Intent, chain: Chain) -> Increment:
    """The same by the library: slower, and at home in more documents. It alone refuses."""
    reader = open_reader(document)
    if any(field.name == intent.field_name for field in fields(reader)):
        raise DocumentRefused(reason=Reason.SERIAL_PRESENT)
    page = page_at(reader, intent.place.page)
    writer = Appender(reader, file_id=intent.file_id, fallback_id=hashlib.sha256(document).digest()[:16])
    signature = _Signature(intent, room_bytes(chain) + intent.time_stamp_room)
    _add_stamp(writer, page, intent, to_page_space(intent.place, page.box), signature.dictionary)
    return signature.cut(writer.increment(len(document)), document)


class _Signature:
    """The signature dictionary with room for ByteRange and Contents."""

    def __init__(self, intent: Intent, room: int) -> None:
        self.room = room
        self.byte_range = Slot(b" " * _BYTE_RANGE_BYTES)
        self.contents = Slot(b"<" + b"0" * (2 * room) + b">")
        signed_at = intent.signed_at.astimezone(UTC)
        self.dictionary = dictionary(
            {
                "/Type": name("/Sig"),
                "/Filter": name("/Adobe.PPKLite"),
                "/SubFilter": name("/ETSI.CAdES.detached"),
                "/M": text(signed_at.strftime("D:%Y%m%d%H%M%SZ")),
                "/Reason": text(intent.reason),
                "/ByteRange": self.byte_range,
                "/Contents": self.contents,
            }
        )

    def cut(self, appended: bytes, document: bytes) -> Increment:
        """`appended` around the room for the signature, ByteRange filled in, digest taken."""
        size = len(document)
        start, end = self.contents.at, self.contents.at + len(self.contents.filler)
        spans = f"[0 {start} {end} {size + len(appended) - end}]".encode().ljust(_BYTE_RANGE_BYTES)
        assert len(spans) == _BYTE_RANGE_BYTES, "the ByteRange outgrew its room"
        filled = self.byte_range.at - size
        pre = appended[:filled] + spans + appended[filled + _BYTE_RANGE_BYTES : start - size]
        post = appended[end - size :]
        digest = hashlib.sha256(document)
        digest.update(pre)
        digest.update(post)
        return Increment(pre=pre, room_bytes=self.room, post=post, digest=digest.digest(), tier=Tier.T2)


def _add_stamp(
    writer: Appender, page: Page, intent: Intent, rect: Rect, signature: generic.DictionaryObject
) -> None:
    """Face, widget and signature as new objects; page and form told about them."""
    face = writer.add_object(_face(intent, page.box.rotate))
    widget = writer.allocate_placeholder()
    page_ref = reference(page.ref, writer)
    entries: dict[str, generic.PdfObject] = {
        "/Type": name("/Annot"),
        "/Subtype": name("/Widget"),
        "/FT": name("/Sig"),
        "/T": text(intent.field_name),
        "/F": integer(PRINT_AND_LOCKED),
        "/P": page_ref,
        "/Rect": numbers((rect.x0, rect.y0, rect.x1, rect.y1)),
        "/AP": dictionary({"/N": face}),
        "/V": writer.add_object(signature),
    }
    writer.add_object(dictionary(entries), idnum=widget.idnum)
    writer.append(target(page_ref), "/Annots", widget)
    _add_field(writer, widget)


def _face(intent: Intent, rotate: int) -> generic.StreamObject:
    colours = dictionary({"/C": Slot(COLOUR_SPACE.encode())})
    entries: dict[str, generic.PdfObject] = {
        "/Type": name("/XObject"),
        "/Subtype": name("/Form"),
        "/BBox": numbers((0, 0, SIDE, SIDE)),
        "/Matrix": numbers(upright(rotate, SIDE)),
        "/Resources": dictionary({"/ColorSpace": colours}),
        "/Filter": name("/FlateDecode"),
    }
    return stream(entries, face_stream(intent.serial_no, intent.qr_payload))


def _add_field(writer: Appender, widget: generic.IndirectObject) -> None:
    form = entry(writer.root, "/AcroForm")
    if form is None:
        flags = integer(SIGNATURES_EXIST_APPEND_ONLY)
        fresh = dictionary({"/Fields": array((widget,)), "/SigFlags": flags})
        writer.root[name("/AcroForm")] = fresh
        writer.mark_update(writer.root_ref)
        return
    writer.append(form, "/Fields", widget)
    flags_now = int(entry(form, "/SigFlags", 0))
    if flags_now | SIGNATURES_EXIST_APPEND_ONLY != flags_now:
        form[name("/SigFlags")] = integer(flags_now | SIGNATURES_EXIST_APPEND_ONLY)
        writer.update_container(form)
