"""A document as the first parser sees it: opened strictly, walked within limits.

Everything here may throw whatever the library throws; the doors (`inspect`, `plan`, `judge`) turn that into
a refusal or a verdict.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from bubuh.pdf.encryption import opens_for_anyone
from bubuh.pdf.model import PageBox, Rect
from bubuh.pdf.objects import target
from bubuh.pdf.refusals import DocumentRefused, Reason

# What the libraries tell of hostile bytes and people's certificates is not for our logs; we answer in codes.
for _library in ("pyhanko", "pyhanko_certvalidator", "pikepdf"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)

MOST_BYTES: Final = 64 * 2**20  #: what the engine takes at all; the upload limit is lower
MOST_PAGES: Final = 2000
MOST_OBJECTS: Final = 200_000
MOST_REVISIONS: Final = 256
MOST_DEPTH: Final = 32
MOST_FIELDS: Final = 20_000

_TAIL_BYTES: Final = 1024
_END: Final = re.compile(rb"startxref\s+\d+\s+%%EOF")
_END_AND_EOL: Final = re.compile(rb"%%EOF[ \t]*(\r\n|\n|\r)?[ \t\r\n\0]*\Z")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where its object is, and how it is seen."""

    ref: generic.Reference
    box: PageBox


def check_shape(document: bytes) -> None:
    """Refuse what is plain from the first and last bytes: empty, not a PDF, cut off, something around it."""
    if not document.strip(b" \t\r\n\0"):
        raise DocumentRefused(reason=Reason.EMPTY)
    if len(document) > MOST_BYTES:
        raise DocumentRefused(reason=Reason.TOO_LARGE, most_bytes=MOST_BYTES)
    start = document.find(b"%PDF-", 0, _TAIL_BYTES)
    if start < 0:
        raise DocumentRefused(reason=Reason.NOT_A_PDF)
    if start > 0:
        raise DocumentRefused(reason=Reason.LEADING_BYTES, count=start)
    tail = document[-_TAIL_BYTES:]
    if _END.search(tail) is None:
        raise DocumentRefused(reason=Reason.TRUNCATED)
    if _END_AND_EOL.search(tail) is None:
        raise DocumentRefused(reason=Reason.TRAILING_BYTES)


def open_reader(document: bytes) -> PdfFileReader:
    """A strict reader over `document`, opened with the empty password when it is encrypted."""
    reader = PdfFileReader(io.BytesIO(document), strict=True)
    if reader.xrefs.hybrid_xrefs_present:
        raise DocumentRefused(reason=Reason.HYBRID)
    if reader.xrefs.total_revisions > MOST_REVISIONS:
        raise DocumentRefused(reason=Reason.TOO_MANY_REVISIONS, most=MOST_REVISIONS)
    if highest_object(reader) > MOST_OBJECTS:
        raise DocumentRefused(reason=Reason.TOO_MANY_OBJECTS, most=MOST_OBJECTS)
    if reader.encrypted and not opens_for_anyone(reader):
        raise DocumentRefused(reason=Reason.ENCRYPTED)
    return reader


def highest_object(reader: PdfFileReader) -> int:
    """The highest object number used or promised by any section: new objects are numbered after it."""
    highest = 0
    for revision in range(reader.xrefs.total_revisions):
        data = reader.xrefs.get_xref_data(revision)
        numbers = (idnum for idnum, _generation in data.explicit_refs_in_revision)
        size = reader.xrefs.get_xref_container_info(revision).size
        highest = max(highest, size - 1, max(numbers, default=0), max(data.freed, default=0))
    return highest


def newest_is_stream(reader: PdfFileReader) -> bool:
    """Whether the newest cross-reference section is a stream: an increment must be of its kind."""
    newest = reader.xrefs.get_xref_container_info(reader.xrefs.total_revisions - 1)
    return newest.xref_section_type is XRefSectionType.STREAM


def pages(reader: Any) -> Iterator[Page]:
    """The pages in reading order, inherited attributes applied; `reader` may be a historical view."""
    walk = _walk(reader.root.raw_get("/Pages"), _Inherited(), depth=0, seen=set())
    for count, page in enumerate(walk, start=1):
        if count > MOST_PAGES:
            raise DocumentRefused(reason=Reason.TOO_MANY_PAGES, most=MOST_PAGES)
        yield page


@dataclass(frozen=True, slots=True)
class Field:
    """A terminal form field: its full name, its object, its inherited type."""

    name: str
    ref: generic.Reference | None
    dictionary: generic.DictionaryObject
    kind: str | None

    @property
    def is_signed(self) -> bool:
        """Whether it is a signature field that holds a signature."""
        return self.kind == "/Sig" and isinstance(entry(self.dictionary, "/V"), generic.DictionaryObject)


def entry(holder: Any, key: str, otherwise: Any = None) -> Any:
    """The value under `key`, references followed; `otherwise` when it is absent or null.

    The library's own `get` is the plain dict's and follows no reference.
    """
    value = holder[key] if key in holder else otherwise  # noqa: SIM401 - see above
    return otherwise if isinstance(value, generic.NullObject) else value


def form_of(reader: Any) -> generic.DictionaryObject | None:
    """The /AcroForm dictionary, if there is one."""
    form = entry(reader.root, "/AcroForm")
    return form if isinstance(form, generic.DictionaryObject) else None


def fields(reader: Any) -> Iterator[Field]:
    """Every terminal field of the form, in the form's order."""
    form = form_of(reader)
    top = entry(form, "/Fields") if form is not None else None
    if not isinstance(top, generic.ArrayObject):
        return
    seen: set[generic.Reference] = set()
    for item in _raw_items(top):
        yield from _walk_fields(item, "", None, depth=0, seen=seen)


@dataclass(frozen=True, slots=True)
class _Inherited:
    media: Any = None
    crop: Any = None
    rotate: Any = 0

    def under(self, node: generic.DictionaryObject) -> _Inherited:
        return _Inherited(
            media=entry(node, "/MediaBox", self.media),
            crop=entry(node, "/CropBox", self.crop),
            rotate=entry(node, "/Rotate", self.rotate),
        )


def page_box(media: Any, crop: Any, rotate: Any, user_unit: Any) -> PageBox:
    """How a page with these entries is seen; raises ValueError when they make no page."""
    whole = _rect(media)
    seen = whole if crop is None else _meet(whole, _rect(crop))
    turn, unit = int(rotate), float(user_unit)
    if turn % 90 or not 0 < unit < math.inf:
        raise ValueError("a page is turned by quarters and has a positive unit")
    return PageBox(crop=seen, rotate=turn % 360, user_unit=unit)


def _walk(raw: Any, inherited: _Inherited, *, depth: int, seen: set[generic.Reference]) -> Iterator[Page]:
    if not isinstance(raw, generic.IndirectObject):
        raise ValueError("a node of the page tree is not an indirect object")  # noqa: TRY004 - one wrapper
    if depth > MOST_DEPTH:
        raise DocumentRefused(reason=Reason.TOO_DEEP)
    if raw.reference in seen:
        raise ValueError("a node of the page tree occurs twice")
    seen.add(raw.reference)
    node = target(raw)
    now = inherited.under(node)
    if "/Kids" not in node:
        unit = entry(node, "/UserUnit", 1)
        yield Page(raw.reference, page_box(now.media, now.crop, now.rotate, unit))
        return
    for kid in _raw_items(node["/Kids"]):
        yield from _walk(kid, now, depth=depth + 1, seen=seen)


def _walk_fields(
    raw: Any, parent: str, kind: str | None, *, depth: int, seen: set[generic.Reference]
) -> Iterator[Field]:
    if depth > MOST_DEPTH or len(seen) > MOST_FIELDS:
        raise DocumentRefused(reason=Reason.TOO_DEEP)
    ref = raw.reference if isinstance(raw, generic.IndirectObject) else None
    if ref is not None and ref in seen:
        raise ValueError("a field occurs twice")
    if ref is not None:
        seen.add(ref)
    node = raw.get_object()
    if not isinstance(node, generic.DictionaryObject):
        return
    partial = entry(node, "/T")
    name = parent if partial is None else f"{parent}.{partial}" if parent else str(partial)
    kind = entry(node, "/FT", kind)
    kids = [kid for kid in _raw_items(entry(node, "/Kids", ())) if "/T" in kid.get_object()]
    if not kids:
        yield Field(name, ref, node, kind)
    for kid in kids:
        yield from _walk_fields(kid, name, kind, depth=depth + 1, seen=seen)


def _raw_items(array: Any) -> Iterator[Any]:
    for index in range(len(array)):
        yield array.raw_get(index) if isinstance(array, generic.ArrayObject) else array[index]


def _rect(values: Any) -> Rect:
    left, bottom, right, top = (float(values[corner]) for corner in range(4))
    rect = Rect(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    if not (math.isfinite(rect.width) and math.isfinite(rect.height) and rect.width > 0 and rect.height > 0):
        raise ValueError("a page box without area")
    return rect


def _meet(media: Rect, crop: Rect) -> Rect:
    met = Rect(max(media.x0, crop.x0), max(media.y0, crop.y0), min(media.x1, crop.x1), min(media.y1, crop.y1))
    return met if met.width > 0 and met.height > 0 else media
