"""A document as the first parser sees it: opened strictly, walked within limits.

Everything here may throw whatever the library throws; the doors (`inspect`, `plan`, `judge`) turn that into
a refusal or a verdict.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from bubuh.pdf import eager as _eager  # noqa: F401 - before any right is given up
from bubuh.pdf.general.encryption import opens_for_anyone
from bubuh.pdf.intake.polyglot import kind_after, kind_before, kind_within
from bubuh.pdf.refusals import DocumentRefused, Reason

# What the libraries tell of hostile bytes and people's certificates is not for our logs; we answer in codes.
for _library in ("pyhanko", "pyhanko_certvalidator", "pikepdf"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)

MOST_BYTES: Final = 64 * 2**20  #: what the engine takes at all; the upload limit is lower
MOST_OBJECTS: Final = 200_000
MOST_REVISIONS: Final = 256
MOST_DEPTH: Final = 32
MOST_FIELDS: Final = 20_000

_TAIL_BYTES: Final = 1024
_SOMETHING: Final = re.compile(rb"[^ \t\r\n\0]")
_END: Final = re.compile(rb"startxref\s+\d+\s+%%EOF")
_END_AND_EOL: Final = re.compile(rb"%%EOF[ \t]*(\r\n|\n|\r)?[ \t\r\n\0]*\Z")


def check_shape(document: bytes) -> None:
    """Refuse what is plain from the first and last bytes: empty, not a PDF, cut off, something around it."""
    if _SOMETHING.search(document) is None:
        raise DocumentRefused(reason=Reason.EMPTY)
    if len(document) > MOST_BYTES:
        raise DocumentRefused(reason=Reason.TOO_LARGE, most_bytes=MOST_BYTES)
    start = document.find(b"%PDF-", 0, _TAIL_BYTES)
    if start < 0:
        raise DocumentRefused(reason=Reason.NOT_A_PDF)
    if start > 0:
        kind = kind_before(document[:start])
        raise _around(kind, Reason.LEADING_BYTES, count=start)
    tail = document[-_TAIL_BYTES:]
    if _END.search(tail) is None:
        raise DocumentRefused(reason=Reason.TRUNCATED)
    if _END_AND_EOL.search(tail) is None:
        rest = document[document.rindex(b"%%EOF") + len(b"%%EOF") :]
        raise _around(kind_after(rest), Reason.TRAILING_BYTES, count=len(rest))
    if (kind := kind_within(document)) is not None:
        raise DocumentRefused(reason=Reason.POLYGLOT, kind=kind)


def _around(kind: str | None, otherwise: Reason, *, count: int) -> DocumentRefused:
    """The refusal of what stands before or after: another file, or bytes that a repair may drop."""
    if kind is not None:
        return DocumentRefused(reason=Reason.POLYGLOT, kind=kind)
    return DocumentRefused(reason=otherwise, count=count)


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


_OF_A_FIELD: Final = frozenset({"/T", "/Kids"})  #: what a widget, which is no field of its own, has not


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
    try:
        value = holder[key]
    except KeyError:  # absent, or null
        return otherwise
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
    for item in raw_items(top):
        yield from _walk_fields(item, "", None, depth=0, seen=seen)


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
    kids = [
        kid for kid in raw_items(entry(node, "/Kids", ())) if not _OF_A_FIELD.isdisjoint(kid.get_object())
    ]
    if not kids:
        yield Field(name, ref, node, kind)
    for kid in kids:
        yield from _walk_fields(kid, name, kind, depth=depth + 1, seen=seen)


def raw_items(array: Any) -> Iterator[Any]:
    """The items of an array as they stand: references stay references."""
    for index in range(len(array)):
        yield array.raw_get(index) if isinstance(array, generic.ArrayObject) else array[index]
