"""Recognise a document whose last revision is a stamp by the lean engine, and what it says of stamps before.

Nothing is searched: everything is looked for where that engine puts it, and must be there to the byte. What
is not of this form is no worse for it; another reads it, more slowly.

The bytes before the stamp are not read at all. The seal covers them, and the engine has read them before it
was made: no key of ours seals what the engine did not plan. Whether there is such a seal is not looked at
here, but in `bubuh.pdf.seal.proof`; without it nothing that is read here means anything.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from bubuh.pdf.face.drawing import SIDE, read_drawing
from bubuh.pdf.face.letters import number
from bubuh.pdf.face.qr import read as read_code
from bubuh.pdf.geometry import upright
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.drawn import face_object, face_stream
from bubuh.pdf.model import Sealed

MOST_STAMPS: Final = 16
_MOST_ROOM_DIGITS: Final = 1 << 17
_MOST_FACE_BYTES: Final = 1 << 16
_MOST_SIGNATURE_ENTRIES: Final = 400
_RANGE_BYTES: Final = 40
_BEFORE_GAP: Final = b" /Contents "
_AFTER_GAP: Final = b"> >>\nendobj\n"
_END: Final = b"\nendobj\n"

_START: Final = b"startxref\n"
_EOF: Final = b"\n%%EOF\n"
_MOST_FOOT_BYTES: Final = len(_START) + 10 + len(_EOF)
_TRAILER: Final = (
    rb"/Size (\d{1,7}) /Root (\d{1,7}) 0 R(?: /Info \d{1,7} \d{1,5} R)?"
    rb" /ID \[(?:<[0-9A-Fa-f]*>|\((?:[^()\\]|\\.)*\)) <[0-9a-f]{32}>\] /Prev \d{1,10}"
)
_TABLE: Final = re.compile(
    rb"xref\n((?:\d{1,7} \d{1,7}\n(?:\d{10} 00000 n \n)+)+)trailer\n<< " + _TRAILER + rb" >>\n", re.DOTALL
)
_LINE_BYTES: Final = len(b"0123456789 00000 n ")
_STREAM: Final = re.compile(
    rb"(\d{1,7}) 0 obj\n<< /Type /XRef /W \[1 4 2\] /Index \[(\d{1,7}(?: \d{1,7})*)\] /Length (\d{1,5}) "
    + _TRAILER
    + rb" >>\nstream\n",
    re.DOTALL,
)
_AFTER_ROWS: Final = b"\nendstream\nendobj\n"
_ROW_BYTES: Final = 7
_SIGNATURE: Final = re.compile(
    rb"(\d{1,7}) 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
    rb" /M \(D:(\d{14})Z\) /Reason \(\[([0-9A-Z]{22})\] Meterai SPESIMEN, halaman ([1-9]\d{0,6})\)"
    rb" /ByteRange "
)
_RECT: Final = rb"-?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?){3}"
_WIDGET: Final = re.compile(
    rb"(\d{1,7}) 0 obj\n<< /Type /Annot /Subtype /Widget /FT /Sig /T \(Stamp_([0-9A-Z]{22})\) /F 132"
    rb" /P \d{1,7} \d{1,5} R /Rect \[" + _RECT + rb"\] /AP << /N (\d{1,7}) 0 R >> /V (\d{1,7}) 0 R >>" + _END
)
_MATRIX: Final = b"/Matrix ["
_FIELDS: Final = b" /AcroForm << /Fields ["
_TURNS: Final = {
    " ".join(map(number, upright(turn, SIDE))).encode("ascii"): turn for turn in (0, 90, 180, 270)
}
_STREAM_BEGINS: Final = b"\nstream\n"

#: What hostile bytes provoke here; all of it means that the document is not of this form.
_PROVOKED: Final = (ValueError, LookupError, ArithmeticError, TypeError, zlib.error)


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a stamp says, where everything it says agrees."""

    serial_no: str  #: in the field's name, the drawing, the code and the reason
    signed_at: datetime
    page: int  #: from 1
    sealed: Sealed


def last_seal(document: bytes) -> Sealed:
    """Where the seal of the last revision lies, and that it covers all the rest; raises `Declined`."""
    try:
        return _sealed(document, _section_at(document))
    except _PROVOKED as error:
        raise Declined(Why.UNREADABLE, type(error).__name__) from error


class Revision(NamedTuple):
    """The last revision of a document: a stamp."""

    stamped: Stamped
    start: int  #: where it begins: the document before it ends there
    root: int  #: the number of the catalog
    widgets: tuple[int, ...]  #: that the form lists, this stamp's the last; there is no other field


def read_revision(document: bytes, sealed: Sealed) -> Revision:
    """The stamp that is the last revision of `document`, where it is of our form.

    `sealed` is its `last_seal`. What stands before it, other stamps perhaps, is not looked at here.

    Raises:
        Declined: it is not: an older or other engine's, a form of its own, anything.
    """
    try:
        return _read(document, sealed)
    except _PROVOKED as error:
        raise Declined(Why.UNREADABLE, type(error).__name__) from error


def said_before(stamped: Stamped) -> bytes:
    """What stands in the document just before the seal: time, serial number, page, ByteRange."""
    start, end, stop = stamped.sealed.start, stamped.sealed.end, stamped.sealed.stop
    told = b"[0 %d %d %d]" % (start, end, stop - end)
    return b"".join(
        (
            f" /M (D:{stamped.signed_at:%Y%m%d%H%M%S}Z) /Reason ([{stamped.serial_no}] Meterai SPESIMEN,"
            f" halaman {stamped.page}) /ByteRange ".encode("ascii", "replace"),
            told.ljust(_RANGE_BYTES),
            _BEFORE_GAP,
        )
    )


def _read(document: bytes, sealed: Sealed) -> Revision:
    section_at = sealed.end - 1 + len(_AFTER_GAP)
    signature_at = document.rindex(_END, sealed.start - _MOST_SIGNATURE_ENTRIES, sealed.start) + len(_END)
    signature = _SIGNATURE.match(document, signature_at)
    if signature is None or signature.end() != sealed.start - _RANGE_BYTES - len(_BEFORE_GAP):
        raise Declined(Why.OBJECT, "a signature of another form")
    own, told, serial, page = signature.groups()
    numbers, places, root = _section(document, section_at)
    face, widget = int(own) - 2, int(own) - 1
    if numbers[-3:] != [face, widget, int(own)] or len(numbers) != _OBJECTS or places[-1] != signature_at:
        raise Declined(Why.XREF, "not the objects of a stamp")
    end = _widget_end(document, places[-2], (b"%d" % widget, serial, b"%d" % face, own))
    _check_face(document[places[-3] : places[-2]], face, serial.decode("ascii"))
    if document[places[-3] - 1 : places[-3]] != b"\n":
        raise Declined(Why.OBJECT, "no line end before the first")
    widgets = _check_changes(document, (numbers, places, root), (end, signature_at), widget)
    stamped = Stamped(serial.decode("ascii"), _time(told), int(page), sealed)
    return Revision(stamped, places[-3] - 1, root, widgets)


_OBJECTS: Final = 5  #: catalog, page or its list of annotations, face, widget, signature


def _section_at(document: bytes) -> int:
    """Where the newest cross-reference section begins, as the last bytes of the file say."""
    foot = document.rfind(_START, max(len(document) - _MOST_FOOT_BYTES, 0))
    told = document[foot + len(_START) : -len(_EOF)]
    if foot < 0 or not (told.isdigit() and document.endswith(_EOF)):
        raise Declined(Why.END)
    return int(told)


def _sealed(document: bytes, section_at: int) -> Sealed:
    """The gap just before the section, as ByteRange tells it in its own place."""
    end = section_at - len(_AFTER_GAP) + 1
    if end <= 0 or not document.startswith(_AFTER_GAP, end - 1):
        raise Declined(Why.TRAILER, "no signature before the section")
    start = document.rindex(b"<", max(end - _MOST_ROOM_DIGITS, 0), end)
    told = b"[0 %d %d %d]" % (start, end, len(document) - end)
    before = told.ljust(_RANGE_BYTES) + _BEFORE_GAP
    if not document.startswith(before, start - len(before)):
        raise Declined(Why.TRAILER, "a ByteRange elsewhere, or of something else")
    return Sealed(start, end, len(document))


def _section(document: bytes, at: int) -> tuple[list[int], list[int], int]:
    """The numbers that the newest section lists, where each object lies, and the number of the catalog."""
    table = _TABLE.match(document, at)
    if table is not None:
        numbers, places = _of_lines(table[1])
        end, size, root = table.end(), int(table[2]), int(table[3])
    else:
        stream = _STREAM.match(document, at)
        if stream is None:
            raise Declined(Why.XREF)
        numbers, places = _of_rows(document, stream)
        end, size, root = stream.end() + int(stream[3]) + len(_AFTER_ROWS), int(stream[4]), int(stream[5])
        if (numbers.pop(), places.pop()) != (int(stream[1]), at) or size != int(stream[1]) + 1:
            raise Declined(Why.XREF, "a section that does not list itself")
        size -= 1
    if size != numbers[-1] + 1 or not document.startswith(_START, end):
        raise Declined(Why.XREF, "not the highest number, or not the end")
    return numbers, places, root


def _of_lines(runs: bytes) -> tuple[list[int], list[int]]:
    numbers: list[int] = []
    places: list[int] = []
    for line in runs.splitlines():
        if len(line) == _LINE_BYTES:
            places.append(int(line[:10]))
        else:
            first, count = line.split(b" ")
            numbers += range(int(first), int(first) + int(count))
    if len(numbers) != len(places):
        raise Declined(Why.XREF, "runs")
    return numbers, places


def _of_rows(document: bytes, head: re.Match[bytes]) -> tuple[list[int], list[int]]:
    index = head[2].split(b" ")
    numbers: list[int] = []
    for first, count in zip(index[::2], index[1::2], strict=True):
        numbers += range(int(first), int(first) + int(count))
    start = head.end()
    end = start + int(head[3])
    rows = [document[row : row + _ROW_BYTES] for row in range(start, end, _ROW_BYTES)]
    if len(rows) != len(numbers) or not document.startswith(_AFTER_ROWS, end):
        raise Declined(Why.XREF, "rows")
    if any(row[0] != 1 or row[5:] != b"\0\0" for row in rows):
        raise Declined(Why.XREF, "not of objects in the file")
    return numbers, [int.from_bytes(row[1:5], "big") for row in rows]


def _widget_end(document: bytes, at: int, said: tuple[bytes, ...]) -> int:
    """Where the widget ends, which says its number, serial number, face and signature."""
    widget = _WIDGET.match(document, at)
    if widget is None or widget.groups() != said:
        raise Declined(Why.OBJECT, "a widget of another form")
    return widget.end()


class _Prefix:
    """What stood before the serial number in the code that was read last: nearly always the same address.

    It only saves reading a code: a face is made again and compared all the same.
    """

    last: str = ""


def _check_face(written: bytes, own: int, serial_no: str) -> None:
    """The face must be, byte for byte, what is drawn for this serial number and its code's payload."""
    at = written.index(_MATRIX) + len(_MATRIX)
    turn = _TURNS[written[at : written.index(b"]", at)]]
    if written == _face(own, serial_no, _Prefix.last + serial_no, turn):
        return
    payload = read_code(read_drawing(_inflated(written)).code)
    if not payload.endswith(serial_no) or written != _face(own, serial_no, payload, turn):
        raise Declined(Why.OBJECT, "a face of another form")
    _Prefix.last = payload.removesuffix(serial_no)


def _face(own: int, serial_no: str, payload: str, turn: int) -> bytes:
    return b"%d 0 obj\n%s\nendobj\n" % (own, face_object(face_stream(serial_no, payload), turn))


def _inflated(written: bytes) -> bytes:
    """The content of a form XObject of ours."""
    start = written.index(_STREAM_BEGINS) + len(_STREAM_BEGINS)
    inflater = zlib.decompressobj()
    made = inflater.decompress(written[start:], _MOST_FACE_BYTES)
    if not inflater.eof:
        raise Declined(Why.INFLATED)
    return made


def _check_changes(
    document: bytes, section: tuple[list[int], list[int], int], between: tuple[int, int], widget: int
) -> tuple[int, ...]:
    """Written again are the catalog with its form, and what lists the page's annotations.

    They lie one after the other between widget and signature, the lesser number first. The answer is what
    the form lists.
    """
    numbers, places, root = section
    (first, second, *_), (one, other, *_) = numbers, places
    start, stop = between
    if first >= second or one != start or root not in {first, second}:
        raise Declined(Why.FORM, "the document has a form of its own")
    widgets: tuple[int, ...] = ()
    spans = ((first, one, other), (second, other, stop))
    for own, begin, end in spans:
        if not (
            document.startswith(b"%d 0 obj\n" % own, begin) and document.startswith(_END, end - len(_END))
        ):
            raise Declined(Why.OBJECT, "not one after the other")
        if own == root:
            widgets = _listed(document, begin, end, widget)
        elif (
            document.count(b"[%d 0 R]" % widget, begin, end)
            + document.count(b" %d 0 R ]" % widget, begin, end)
            != 1
        ):
            raise Declined(Why.ANNOTATIONS)
    return widgets


def _listed(document: bytes, begin: int, end: int, widget: int) -> tuple[int, ...]:
    """What the form at the end of a catalog lists, `widget` last: stamps alone bring such a form."""
    form = _form((widget,))
    if document.count(b"/AcroForm", begin, end) == 1 and document.startswith(form, end - len(form)):
        return (widget,)
    at = document.rindex(_FIELDS, begin, end) + len(_FIELDS)
    widgets = tuple(map(int, document[at:end].split(b" 0 R")[:-1]))
    form = _form(widgets)
    if (
        widgets[-1] != widget
        or len(widgets) > MOST_STAMPS
        or document.count(b"/AcroForm", begin, end) != 1
        or not document.startswith(form, end - len(form))
    ):
        raise Declined(Why.FORM, "the document has a form of its own")
    return widgets


def _form(widgets: tuple[int, ...]) -> bytes:
    """The end of a catalog with the form that as many stamps bring, one after the other."""
    first, *later = widgets
    return b"%s%d 0 R%s] /SigFlags 3 >> >>\nendobj\n" % (
        _FIELDS,
        first,
        b"".join([b" %d 0 R " % number for number in later]),
    )


def _time(told: bytes) -> datetime:
    """The time of a signature dictionary, UTC; raises ValueError."""
    return datetime.fromisoformat(f"{told[:8].decode('ascii')}T{told[8:].decode('ascii')}+00:00")
