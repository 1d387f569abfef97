"""The chain of cross-reference sections: where each object lies, without listing them all.

Entries of a table are addressed by arithmetic, of a stream by the row; only what is asked for is decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.streams import content, parameters
from bubuh.pdf.lean.tokens import Dictionary, decimal, dictionary, integer, items

MOST_SECTIONS: Final = 255
MOST_RUNS: Final = 20_000
MOST_OBJECTS: Final = 200_000

_TAIL_BYTES: Final = 1024
_END: Final = re.compile(rb"startxref[ \t\r\n]+(\d{1,10})[ \t\r\n]+%%EOF[ \t\r\n\0]*\Z")
_RUN: Final = re.compile(rb"[ \t\r\n]*(\d{1,7}) +(\d{1,7})[ \t]*(?:\r\n|\n|\r)")
_TRAILER: Final = re.compile(rb"[ \t\r\n]*trailer")
_ENTRY: Final = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_ENTRY_BYTES: Final = 20
HEAD: Final = re.compile(rb"[\x00\t\n\x0c\r ]*(\d{1,7})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
_MOST_WIDTH: Final = 8


@dataclass(frozen=True, slots=True)
class At:
    """An object that lies in the file at `offset`."""

    offset: int
    generation: int


@dataclass(frozen=True, slots=True)
class Within:
    """An object that is the `index`th of an object stream."""

    stream: int
    index: int


Place = At | Within | None  #: None: free


class Section(Protocol):
    """One cross-reference section."""

    @property
    def trailer(self) -> Dictionary:
        """Its trailer."""
        ...

    @property
    def is_stream(self) -> bool:
        """Of which kind it is."""
        ...

    @property
    def highest(self) -> int:
        """The highest number that it lists, free ones too; -1 when it lists none."""
        ...

    def find(self, number: int) -> tuple[Place] | None:
        """Where the object is, when this section knows."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """A classic table: its runs are first number, count, and where the first entry lies."""

    document: bytes
    runs: tuple[tuple[int, int, int], ...]
    trailer: Dictionary
    highest: int
    is_stream: bool = False

    def find(self, number: int) -> tuple[Place] | None:
        """Where the object is, when this section knows."""
        for first, count, start in self.runs:
            if first <= number < first + count:
                at = start + _ENTRY_BYTES * (number - first)
                entry = _ENTRY.fullmatch(self.document, at, at + _ENTRY_BYTES)
                if entry is None:
                    raise Declined(Why.XREF, "an entry")
                return (At(int(entry[1]), int(entry[2])) if entry[3] == b"n" else None,)
        return None


@dataclass(frozen=True, slots=True)
class Stream:
    """A cross-reference stream: its runs are first number, count, and the row of the first."""

    rows: bytes
    stride: int  #: bytes from row to row
    lead: int  #: bytes before a row's cells: 1 where a predictor marks each row
    widths: tuple[int, int, int]
    runs: tuple[tuple[int, int, int], ...]
    trailer: Dictionary
    highest: int
    is_stream: bool = True

    def find(self, number: int) -> tuple[Place] | None:
        """Where the object is, when this section knows."""
        for first, count, start in self.runs:
            if first <= number < first + count:
                return (self._place(self._row(start + number - first)),)
        return None

    def _row(self, row: int) -> bytes:
        """One row; under the predictor Up it is the sum of all rows to it, column by column."""
        if not self.lead:
            return self.rows[row * self.stride : (row + 1) * self.stride]
        end = (row + 1) * self.stride
        return bytes(sum(self.rows[column : end : self.stride]) & 0xFF for column in range(1, self.stride))

    def _place(self, row: bytes) -> Place:
        first, second, _third = self.widths
        kind = int.from_bytes(row[:first], "big") if first else 1
        one = int.from_bytes(row[first : first + second], "big")
        two = int.from_bytes(row[first + second :], "big")
        if kind == 0:
            return None
        if kind > 2:
            raise Declined(Why.XREF, "a kind of entry that is not known")
        return At(one, two) if kind == 1 else Within(one, two)


@dataclass(frozen=True, slots=True)
class Chain:
    """All sections, the newest first."""

    sections: tuple[Section, ...]
    start: int  #: where the newest lies
    highest: int  #: the highest object number used or promised by any

    def find(self, number: int) -> At | Within:
        """Where an object is; raises `Declined` when it is nowhere or free."""
        for section in self.sections:
            found = section.find(number)
            if found is not None:
                if found[0] is None:
                    break
                return found[0]
        raise Declined(Why.OBJECT, "free or missing")

    def entry(self, key: bytes) -> bytes | None:
        """The value of a trailer's entry: the newest section's that has it."""
        values = (section.trailer.get(key) for section in self.sections)
        return next((value for value in values if value is not None), None)


def read_chain(document: bytes) -> Chain:
    """The chain from the last startxref back; raises `Declined`."""
    at = start = _startxref(document)
    sections: list[Section] = []
    seen: set[int] = set()
    while True:
        if at in seen or len(seen) >= MOST_SECTIONS:
            raise Declined(Why.CHAIN)
        seen.add(at)
        section = _table(document, at) if document.startswith(b"xref", at) else _stream(document, at)
        _check_trailer(section.trailer)
        sections.append(section)
        before = section.trailer.get(b"/Prev")
        if before is None:
            break
        at = integer(before)
    highest = max(max(section.highest, section.trailer.integer(b"/Size") - 1) for section in sections)
    if highest > MOST_OBJECTS:
        raise Declined(Why.CHAIN, "too many objects")
    return Chain(tuple(sections), start, highest)


def _startxref(document: bytes) -> int:
    if not document.startswith(b"%PDF-"):
        raise Declined(Why.HEADER)
    tail = document[-_TAIL_BYTES:]
    match = _END.match(tail, max(tail.rfind(b"startxref"), 0))
    if match is None:
        raise Declined(Why.END)
    return int(match[1])


def _check_trailer(trailer: Dictionary) -> None:
    if b"/Encrypt" in trailer.values:
        raise Declined(Why.ENCRYPTED)
    if b"/XRefStm" in trailer.values:
        raise Declined(Why.HYBRID)


def _table(document: bytes, at: int) -> Table:
    at += len(b"xref")
    runs: list[tuple[int, int, int]] = []
    beyond = 0
    while (run := _RUN.match(document, at)) is not None:
        first, count, start = int(run[1]), int(run[2]), run.end()
        if len(runs) >= MOST_RUNS or (count and first < beyond):
            raise Declined(Why.XREF, "runs")
        if count:
            runs.append((first, count, start))
            beyond = first + count
        at = start + _ENTRY_BYTES * count
    trailer = _TRAILER.match(document, at)
    if trailer is None:
        raise Declined(Why.XREF, "no trailer after the table")
    return Table(document, tuple(runs), dictionary(document, trailer.end()), beyond - 1)


def _stream(document: bytes, at: int) -> Stream:
    head = HEAD.match(document, at)
    if head is None:
        raise Declined(Why.XREF, "neither table nor stream")
    trailer = dictionary(document, head.end())
    if trailer.get(b"/Type") != b"/XRef":
        raise Declined(Why.XREF, "not a cross-reference stream")
    widths = _widths(trailer)
    rows = content(document, trailer)
    stride, lead = _layout(trailer, sum(widths), rows)
    runs, count = _runs(trailer)
    if len(rows) < count * stride:
        raise Declined(Why.XREF, "rows are missing")
    beyond = runs[-1][0] + runs[-1][1] if runs else 0
    return Stream(rows, stride, lead, widths, runs, trailer, beyond - 1)


def _widths(trailer: Dictionary) -> tuple[int, int, int]:
    first, second, third = (integer(width) for width in items(trailer.get(b"/W") or b"[]"))
    if not (0 <= first <= _MOST_WIDTH and 0 < second <= _MOST_WIDTH and 0 <= third <= _MOST_WIDTH):
        raise Declined(Why.XREF, "widths")
    return first, second, third


def _runs(trailer: Dictionary) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """The runs of /Index with the row that each begins at, and how many rows there are."""
    index = trailer.get(b"/Index")
    flat = [0, trailer.integer(b"/Size")] if index is None else [integer(item) for item in items(index)]
    runs: list[tuple[int, int, int]] = []
    row = beyond = 0
    for first, count in zip(flat[::2], flat[1::2], strict=True):
        if first < beyond or count < 0 or row > MOST_OBJECTS or len(runs) > MOST_RUNS:
            raise Declined(Why.XREF, "runs")
        runs.append((first, count, row))
        row, beyond = row + count, first + count
    return tuple(runs), row


def _layout(trailer: Dictionary, width: int, rows: bytes) -> tuple[int, int]:
    """Bytes from row to row and before a row's cells; only no predictor and Up on every row are read."""
    written = parameters(trailer)
    terms = None if written is None else dictionary(written, 0)
    if terms is None or decimal(terms.get(b"/Predictor") or b"1") == 1:
        return width, 0
    if terms.integer(b"/Columns") != width or terms.integer(b"/Predictor") < 10:
        raise Declined(Why.FILTER, "a predictor")
    if (terms.get(b"/Colors") or b"1", terms.get(b"/BitsPerComponent") or b"8") != (b"1", b"8"):
        raise Declined(Why.FILTER, "a predictor of other cells")
    marks = rows[:: width + 1]
    if marks.count(2) != len(marks):
        raise Declined(Why.FILTER, "a predictor other than Up")
    return width + 1, 1
