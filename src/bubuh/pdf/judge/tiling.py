"""Every byte that a later revision brings, accounted for.

Readers differ in what they make of a file that is not quite as it should be: one takes the first of two
entries for an object, another the last; a third ignores the table and collects whatever looks like an object.
What follows a stamp leaves them no choice: objects that the revision's own cross-reference lists, one beside
the other, the cross-reference, the foot.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionMetaInfo, XRefSectionType

from bubuh.pdf.general.objects import plain

_FOOT: Final = re.compile(rb"startxref\s+(\d+)\s+%%EOF(?:\r\n|\r|\n)?")
_HEAD: Final = re.compile(rb"(?<!\d)(\d+)[\x00\t\n\f\r ]+(\d+)[\x00\t\n\f\r ]+obj")
_TABLE: Final = re.compile(rb"xref[\t\r\n ]+((?:[\dnf]+[\t\r\n ]+)+)trailer[\x00\t\n\f\r ]*")
_BLANK: Final = b" \t\r\n\0\f"
_OF_A_FILE: Final = (b"startxref", b"trailer")  #: what readers look for who make the table anew
#: Entries of a trailer that tell of its own revision. Source: ISO 32000-2, tables 15 and 17
_OF_A_SECTION: Final = frozenset(
    {"/Size", "/Prev", "/ID", "/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms"}
)
_OF_A_DOCUMENT: Final = frozenset({"/Root", "/Encrypt", "/Info"})

_Place = tuple[int, int, int]  #: offset, number and generation of an object


class Breach(Exception):
    """A rule is broken; `reason` is the code that a judgement shows."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason


def altered(detail: str) -> Breach:
    """The breach that later revisions commit."""
    return Breach("changed_after_stamp", detail)


def end_of(document: bytes, reader: PdfFileReader, revision: int) -> int:
    """Where `revision` ends: after its %%EOF and one line end."""
    return _foot(document, reader.xrefs.get_xref_container_info(revision)).end()


def check_tiling(document: bytes, reader: PdfFileReader, revision: int) -> None:
    """A revision begins where the one before it ended and holds only what its own cross-reference lists.

    Raises `Breach` when anything is listed twice or not at all, lies elsewhere or stands between, or when the
    trailer names another catalog, encryption, information or file than the one before.
    """
    start, meta = end_of(document, reader, revision - 1), reader.xrefs.get_xref_container_info(revision)
    is_stream = meta.xref_section_type is XRefSectionType.STREAM
    section, foot = meta.declared_startxref, _foot(document, meta).start()
    body = document[start : foot if is_stream else section]
    heads = list(_HEAD.finditer(body))
    found = {(start + head.start(), int(head[1]), int(head[2])) for head in heads}
    if {place for place in found if place[0] != section} != _listed(reader, revision, besides=section):
        raise altered("objects that are not listed, or not here")
    _check_pieces(body, [head.start() for head in heads])
    if not is_stream:
        trailer = _after_table(document[section:foot], reader, revision)
    elif heads and start + heads[-1].start() == section:
        trailer = _dictionary(body[heads[-1].end() :], reader)[0]
    else:
        raise altered("no cross-reference where it should be")
    _check_trailer(trailer, reader, revision)


def _foot(document: bytes, meta: XRefSectionMetaInfo) -> re.Match[bytes]:
    foot = _FOOT.search(document, meta.end_location)
    if foot is None or int(foot[1]) != meta.declared_startxref:
        raise Breach("revision_end", "no foot, or another's")
    if b" obj" in document[meta.end_location : foot.start()]:
        raise Breach("revision_end", "objects after the cross-reference")
    return foot


def _listed(reader: PdfFileReader, revision: int, *, besides: int) -> set[_Place]:
    """The objects that a cross-reference lists `besides` a stream that is one itself."""
    data = reader.xrefs.get_xref_data(revision)
    if data.xrefs_in_objstm:
        raise altered("objects within a stream")
    places = ((offset, number, generation) for number, (generation, offset) in data.standard_xrefs.items())
    return {place for place in places if place[0] != besides}


def _check_pieces(body: bytes, offsets: list[int]) -> None:
    """The body is objects, each from its head to its one `endobj`, and blanks."""
    if body[: min(offsets, default=len(body))].strip(_BLANK):
        raise altered("bytes between two revisions")
    for begin, end in zip(offsets, [*offsets[1:], len(body)], strict=True):
        piece = body[begin:end].rstrip(_BLANK)
        if piece.count(b"endobj") != 1 or not piece.endswith(b"endobj"):
            raise altered("bytes between two objects")
        if any(word in piece for word in _OF_A_FILE):
            raise altered("a file within an object")


def _after_table(section: bytes, reader: PdfFileReader, revision: int) -> generic.DictionaryObject:
    """The trailer of a table that lists nothing twice; only its dictionary follows."""
    table = _TABLE.match(section)
    if table is None:
        raise altered("no table where it should be")
    rows, data = list(_rows(table[1].split())), reader.xrefs.get_xref_data(revision)
    if len(rows) != len(set(rows)) or set(rows) - {0} != {*data.standard_xrefs, *data.freed}:
        raise altered("objects listed twice")
    trailer, rest = _dictionary(section[table.end() :], reader)
    if rest.strip(_BLANK):
        raise altered("bytes after the trailer")
    return trailer


def _rows(words: list[bytes]) -> Iterator[int]:
    """The numbers of the objects that a table lists; `words` are all of the table's."""
    at = 0
    while at + 1 < len(words):
        first, count = int(words[at]), int(words[at + 1])
        end = at + 2 + 3 * count
        if end > len(words) or not {b"n", b"f"}.issuperset(words[at + 4 : end : 3]):
            raise altered("not a table")
        yield from range(first, first + count)
        at = end


def _dictionary(text: bytes, reader: PdfFileReader) -> tuple[generic.DictionaryObject, bytes]:
    """The dictionary with which `text` begins, and what follows it."""
    stream = io.BytesIO(text.lstrip(_BLANK))
    found = generic.DictionaryObject.read_from_stream(stream, generic.TrailerReference(reader))
    if not isinstance(found, generic.DictionaryObject):
        raise altered("no trailer")
    return found, stream.read()


def _check_trailer(trailer: generic.DictionaryObject, reader: PdfFileReader, revision: int) -> None:
    """A trailer speaks for itself: where it is silent, the library looks in older ones, and others do not."""
    for key in _OF_A_DOCUMENT.union(trailer) - _OF_A_SECTION:
        if _written(trailer, key) != _written(reader.trailer, key, revision=revision - 1):
            raise altered(f"trailer {key}")
    known = _file_id(reader.trailer, revision=revision - 1)
    if known is None and "/Encrypt" not in trailer:
        return  # a stamp gives an /ID to a document that had none; no key depends on it
    if _file_id(trailer) != known:
        raise altered("trailer /ID")


def _written(trailer: Any, key: str, **which: int) -> bytes:
    try:
        return plain(trailer.raw_get(key, **which))
    except KeyError:
        return b""


def _file_id(trailer: Any, **which: int) -> bytes | None:
    """The permanent half of /ID: an encryption key may depend on it."""
    try:
        first = trailer.raw_get("/ID", **which)[0]
    except KeyError:
        return None
    return bytes(getattr(first, "original_bytes", first))
