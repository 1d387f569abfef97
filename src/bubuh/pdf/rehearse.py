"""Read a planned stamp back with a second parser, before anything is sealed.

The first parser (pyHanko) made the increment; the second (qpdf, through pikepdf) must find the same page,
box, field, drawing and serial number in it. A document in which the two see different things is refused.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final, NoReturn

import pikepdf

from bubuh.pdf.face.drawing import read_drawing
from bubuh.pdf.face.qr import matrix
from bubuh.pdf.geometry import as_seen, page_box, square
from bubuh.pdf.model import Increment, Intent, PageBox
from bubuh.pdf.refusals import DocumentRefused, Reason, refusing_damage

CLOSE_PT: Final = 0.02


@refusing_damage
def rehearse(document: bytes, increment: Increment, intent: Intent) -> None:
    """Pass when the second parser reads in document + increment what `intent` says.

    One field of that name, on that page, where the place is; the serial number in the drawing, in the QR code
    and in the field's name is the intent's; the digest is the one over the ByteRange; the document is an
    unchanged prefix (it is never touched: the increment is appended).

    Raises:
        DocumentRefused: `ambiguous` with what differs, or `damaged`.
    """
    whole = document + increment.sealed(b"")
    with open_pdf(whole) as pdf:
        field = _only_field(pdf, intent.field_name)
        page = pdf.pages[intent.place.page - 1]
        _check_widget(field, page, intent)
        _check_page_alone(pdf, page)
        _check_drawing(field, intent)
        _check_byte_range(field, whole, document, increment)


def open_pdf(document: bytes) -> pikepdf.Pdf:
    """`document` in the second parser, with the empty password and without any repair."""
    return pikepdf.open(io.BytesIO(document), attempt_recovery=False, suppress_warnings=True)


def box_of(page: pikepdf.Page) -> PageBox:
    """How the second parser says that `page` is seen."""
    inherited = {key: _inherited(page.obj, key) for key in ("/MediaBox", "/CropBox", "/Rotate")}
    rotate = inherited["/Rotate"]
    return page_box(
        _floats(inherited["/MediaBox"]),
        _floats(inherited["/CropBox"]),
        0 if rotate is None else int(rotate),
        float(page.obj.get("/UserUnit", 1)),
    )


def _only_field(pdf: pikepdf.Pdf, name: str) -> Any:
    found = [field for field in pdf.Root.AcroForm.Fields if str(field.get("/T", "")) == name]
    if len(found) != 1:
        _differ("field")
    return found[0]


def _check_widget(field: Any, page: pikepdf.Page, intent: Intent) -> None:
    annotations = (item for item in page.obj.Annots if isinstance(item, pikepdf.Dictionary))
    on_page = [annotation for annotation in annotations if annotation.objgen == field.objgen]
    if len(on_page) != 1 or field.P.objgen != page.obj.objgen:
        _differ("page")
    rect = page_box(_floats(field.Rect), None, 0, 1).crop
    seen, wanted = as_seen(rect, box_of(page)), square(intent.place)
    sides = zip(
        (seen.x0, seen.y0, seen.x1, seen.y1), (wanted.x0, wanted.y0, wanted.x1, wanted.y1), strict=True
    )
    if any(abs(one - other) > CLOSE_PT for one, other in sides):
        _differ("place")


def _check_page_alone(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """The page shares its list of annotations with no other: the stamp would show on both."""
    shared = page.obj.Annots.objgen
    if (
        shared != (0, 0)
        and sum(other.obj.get("/Annots", page.obj).objgen == shared for other in pdf.pages) != 1
    ):
        _differ("page")


def _check_drawing(field: Any, intent: Intent) -> None:
    drawn = read_drawing(field.AP.N.read_bytes())
    if drawn.serial_no != intent.serial_no:
        _differ("serial")
    if drawn.code != matrix(intent.qr_payload):
        _differ("qr")


def _check_byte_range(field: Any, whole: bytes, document: bytes, increment: Increment) -> None:
    zero, start, end, rest = (int(value) for value in field.V.ByteRange)
    if zero != 0 or start <= len(document) or end + rest != len(whole) or whole[:1] == b"":
        _differ("byte_range")
    if whole[start:end] != b"<" + b"0" * (2 * increment.room_bytes) + b">":
        _differ("room")
    if hashlib.sha256(whole[:start] + whole[end:]).digest() != increment.digest:
        _differ("digest")


def _inherited(node: Any, key: str, *, most: int = 40) -> Any:
    for _ in range(most):
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None


def _floats(values: Any) -> list[float] | None:
    return None if values is None else [float(value) for value in values]


def _differ(what: str) -> NoReturn:
    raise DocumentRefused(reason=Reason.AMBIGUOUS, differs=what)
