"""The chain of cross-reference sections: where each object lies, without listing them all.

Entries of a table are addressed by arithmetic, of a stream by the row; only what is asked for is decoded.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.streams import content, parameters
from bubuh.pdf.lean.tokens import OPENED, Dictionary, bounded, dictionary, integer, items

MOST_SECTIONS: Final = 255
MOST_RUNS: Final = 20_000
MOST_OBJECTS: Final = 200_000

_TAIL_BYTES: Final = 1024
_BLANKS: Final = re.compile(rb"[\x00\t\n\x0c\r ]{1,32}")
_END: Final = re.compile(rb"startxref[ \t\r\n]+(\d{1,10})[ \t\r\n]+%%EOF[ \t\r\n\0]*\Z")
_RUN: Final = re.compile(rb"[ \t\r\n]*(\d{1,7}) +(\d{1,7})[ \t]*(?:\r\n|\n|\r)")
_TRAILER: Final = re.compile(rb"[ \t\r\n]*trailer" + OPENED)
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_ENTRY_BYTES: Final = 20
_SHORT_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])\n")
_SHORT_ENTRY_BYTES: Final = 19  #: where lines end in one byte instead of two, against the rule
_IN_USE: Final = frozenset((b" 00000 n \n", b" 00000 n\r\n", b" 00000 n \r"))  #: after the offset, as a rule
_HEAD: Final = rb"[\x00\t\n\x0c\r ]*+(\d{1,7}+)[\x00\t\n\x0c\r ]++(\d{1,5}+)[\x00\t\n\x0c\r ]++obj"
HEAD: Final = re.compile(_HEAD)
OPENED_OBJECT: Final = re.compile(_HEAD + OPENED)
_HEX_ID: Final = re.compile(rb"\[ *(<[0-9A-Fa-f]*>) *<[0-9A-Fa-f]*> *\]\Z")
_WIDTHS: Final = re.compile(rb"\[\s*([0-8])\s+([0-8])\s+([0-8])\s*\]")


FREE, AT, WITHIN = range(3)
#: Kind, then offset and generation of an object in the file, or stream and index of one within a stream.
#: Source: ISO 32000-2, table 18
Place = tuple[int, int, int]
Run = tuple[int, int, int]  #: first number, count, and where the first entry is


class Table(NamedTuple):
    """A classic table: each of its runs begins at an offset."""

    document: bytes
    runs: list[Run]
    trailer: Dictionary
    highest: int  #: the highest number that it lists, free ones too; -1 when it lists none
    entry_bytes: int = _ENTRY_BYTES
    is_stream: bool = False

    def find(self, number: int) -> Place | None:
        """Where the object is, when this section knows."""
        for first, count, start in self.runs:
            if first <= number < first + count:
                at = start + self.entry_bytes * (number - first)
                offset, rest = self.document[at : at + 10], self.document[at + 10 : at + _ENTRY_BYTES]
                if rest in _IN_USE and offset.isdigit():
                    return AT, int(offset), 0
                form = _ENTRY if self.entry_bytes == _ENTRY_BYTES else _SHORT_ENTRY
                entry = form.match(self.document, at)
                if entry is None:
                    raise Declined(Why.XREF, "an entry")
                offset, generation, kind = entry.groups()
                return (AT if kind == b"n" else FREE, int(offset), int(generation))
        return None


class Stream(NamedTuple):
    """A cross-reference stream: each of its runs begins at a row."""

    rows: bytes
    stride: int  #: bytes from row to row
    lead: int  #: bytes before a row's cells: 1 where a predictor marks each row
    widths: tuple[int, int, int]
    runs: list[Run]
    trailer: Dictionary
    highest: int
    is_stream: bool = True

    def find(self, number: int) -> Place | None:
        """Where the object is, when this section knows."""
        for first, count, start in self.runs:
            if first <= number < first + count:
                return self._place(self._row(start + number - first))
        return None

    def _row(self, row: int) -> bytes:
        """One row; under the predictor Up it is the sum of all rows to it, column by column."""
        if not self.lead:
            return self.rows[row * self.stride : (row + 1) * self.stride]
        end, stride = (row + 1) * self.stride, self.stride
        return bytes([sum(self.rows[column:end:stride]) & 0xFF for column in range(1, stride)])

    def _place(self, row: bytes) -> Place:
        first, second, _third = self.widths
        kind = int.from_bytes(row[:first], "big") if first else AT
        if kind > WITHIN:
            raise Declined(Why.XREF, "a kind of entry that is not known")
        one = int.from_bytes(row[first : first + second], "big")
        return kind, one, int.from_bytes(row[first + second :], "big")


Section = Table | Stream


class Chain(NamedTuple):
    """All sections, the newest first."""

    sections: list[Section]
    start: int  #: where the newest lies
    highest: int  #: the highest object number used or promised by any
    encrypt: bytes | None = None  #: reference to the encryption dictionary, as all have it

    def find(self, number: int) -> Place:
        """Where an object is; raises `Declined` when it is nowhere or free."""
        for section in self.sections:
            place = section.find(number)
            if place is not None:
                if place[0] == FREE:
                    break
                return place
        raise Declined(Why.OBJECT, "free or missing")

    def first_id(self) -> bytes | None:
        """The first half of /ID, a string as it is written; None where there is none."""
        written = self.entry(b"/ID")
        if written is None:
            return None
        plain = _HEX_ID.match(written)
        if plain is not None:
            return plain[1]
        halves = items(written)
        if not halves or not halves[0].startswith((b"(", b"<")):
            raise Declined(Why.TRAILER, "an /ID that is none")
        return halves[0]

    def entry(self, key: bytes) -> bytes | None:
        """The value of a trailer's entry: the newest section's that has it."""
        for section in self.sections:
            written = section.trailer.values.get(key)
            if written is not None:
                return written
        return None


def read_chain(document: bytes) -> Chain:
    """The chain from the last startxref back; raises `Declined`."""
    at = start = _startxref(document)
    sections: list[Section] = []
    seen: set[int] = set()
    highest, encrypt = -1, None
    while at not in seen and len(seen) < MOST_SECTIONS:
        seen.add(at)
        section = _table(document, at) if document.startswith(b"xref", at) else _stream(document, at)
        trailer = section.trailer
        locked = trailer.values.get(b"/Encrypt")
        if (sections and locked != encrypt) or (locked and b"/AuthCode" in trailer.values):
            raise Declined(Why.ENCRYPTED, "in part, or with a code over the whole")
        encrypt = locked
        if b"/XRefStm" in trailer.values:
            raise Declined(Why.HYBRID)
        sections.append(section)
        highest = max(highest, section.highest, integer(trailer.values.get(b"/Size")) - 1)
        before = trailer.values.get(b"/Prev")
        if before is None:
            break
        at = integer(before)
    else:
        raise Declined(Why.CHAIN)
    if highest > MOST_OBJECTS:
        raise Declined(Why.CHAIN, "too many objects")
    return Chain(sections, start, highest, encrypt)


def _startxref(document: bytes) -> int:
    if not document.startswith(b"%PDF-"):
        raise Declined(Why.HEADER)
    match = _END.match(document, max(document.rfind(b"startxref", -_TAIL_BYTES), 0))
    if match is None:
        raise Declined(Why.END)
    at = int(match[1])
    blanks = None if document.startswith(b"xref", at) else _BLANKS.match(document, at)
    return at if blanks is None else blanks.end()


def _table(document: bytes, at: int) -> Table:
    at += len(b"xref")
    runs: list[Run] = []
    beyond, entry_bytes = 0, _ENTRY_BYTES
    while (run := _RUN.match(document, at)) is not None:
        first, count, start = int(run[1]), int(run[2]), run.end()
        if len(runs) >= MOST_RUNS or (count and first < beyond):
            raise Declined(Why.XREF, "runs")
        if count:
            if document.startswith(b"\n", start + _SHORT_ENTRY_BYTES - 1):
                entry_bytes = _SHORT_ENTRY_BYTES
            runs.append((first, count, start))
            beyond = first + count
        at = start + entry_bytes * count
    trailer = _TRAILER.match(document, at)
    if trailer is None:
        raise Declined(Why.XREF, "no trailer after the table")
    told = bounded(document, trailer.start(1), trailer.end(), b"startxref")
    return Table(document, runs, told, beyond - 1, entry_bytes)


def _stream(document: bytes, at: int) -> Stream:
    opened = OPENED_OBJECT.match(document, at)
    if opened is None:
        raise Declined(Why.XREF, "neither table nor stream")
    trailer = bounded(document, opened.start(3), opened.end(), b"stream")
    if trailer.values.get(b"/Type") != b"/XRef":
        raise Declined(Why.XREF, "not a cross-reference stream")
    widths = _widths(trailer)
    rows = content(document, trailer, trailer.integer(b"/Length"))
    stride, lead = _layout(trailer, sum(widths), rows)
    runs, count = _runs(trailer)
    if len(rows) < count * stride:
        raise Declined(Why.XREF, "rows are missing")
    beyond = runs[-1][0] + runs[-1][1] if runs else 0
    return Stream(rows, stride, lead, widths, runs, trailer, beyond - 1)


def _widths(trailer: Dictionary) -> tuple[int, int, int]:
    plain = _WIDTHS.fullmatch(trailer.values.get(b"/W") or b"")
    if plain is None or plain[2] == b"0":
        raise Declined(Why.XREF, "widths")
    return int(plain[1]), int(plain[2]), int(plain[3])


def _runs(trailer: Dictionary) -> tuple[list[Run], int]:
    """The runs of /Index with the row that each begins at, and how many rows there are."""
    index = trailer.values.get(b"/Index")
    flat = [0, trailer.integer(b"/Size")] if index is None else [integer(item) for item in items(index)]
    runs: list[Run] = []
    row = beyond = 0
    for first, count in zip(flat[::2], flat[1::2], strict=True):
        if first < beyond or count < 0 or row > MOST_OBJECTS or len(runs) > MOST_RUNS:
            raise Declined(Why.XREF, "runs")
        runs.append((first, count, row))
        row, beyond = row + count, first + count
    return runs, row


def _layout(trailer: Dictionary, width: int, rows: bytes) -> tuple[int, int]:
    """Bytes from row to row and before a row's cells; only no predictor and Up on every row are read."""
    written = parameters(trailer)
    if written is None:
        return width, 0
    terms = dictionary(written, 0, len(written))
    predictor = integer(terms.values.get(b"/Predictor") or b"1")
    if predictor == 1:
        return width, 0
    if predictor < 10 or terms.integer(b"/Columns") != width:
        raise Declined(Why.FILTER, "a predictor")
    if (terms.values.get(b"/Colors") or b"1", terms.values.get(b"/BitsPerComponent") or b"8") != (b"1", b"8"):
        raise Declined(Why.FILTER, "a predictor of other cells")
    marks = rows[:: width + 1]
    if marks.count(2) != len(marks):
        raise Declined(Why.FILTER, "a predictor other than Up")
    return width + 1, 1
