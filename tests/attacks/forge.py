"""A forger's pen: revisions written byte by byte, with every part of them free to be wrong."""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.objects import plain
from bubuh.pdf.general.reader import highest_object, newest_is_stream

Forge = Callable[[bytes], bytes]

NOTE = b"<< /Type /Annot /Subtype /FreeText /Rect [50 500 400 700] /F 4 /DA (/Helv 30 Tf) /Contents (Rp9) >>"
BLACK = b"0 0 600 900 re f"
FIRST_ROW = "0000000000 65535 f "


class Seen:
    """What a forger reads in a document before adding to it."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.reader = PdfFileReader(io.BytesIO(document))
        self.free = highest_object(self.reader) + 1  #: the first object number that nobody uses
        self.root = int(self.reader.root_ref.idnum)
        self.start = int(document[document.rindex(b"startxref") :].split()[1])
        self.is_stream = newest_is_stream(self.reader)

    @property
    def page(self) -> int:
        kids = self.reader.root["/Pages"]["/Kids"]
        while "/Kids" in kids[0]:
            kids = kids[0]["/Kids"]
        return int(kids.raw_get(0).idnum)

    @property
    def field(self) -> int:
        """The newest stamp's field."""
        return int(self.reader.root["/AcroForm"]["/Fields"].raw_get(-1).idnum)

    def get(self, number: int) -> Any:
        return self.reader.get_object(Reference(number, 0, self.reader))

    def raw(self, number: int, key: str) -> bytes:
        return plain(self.get(number).raw_get(key))

    def items(self, number: int, key: str) -> bytes:
        """The array under `key`, wherever it lies, without its brackets."""
        return plain(self.get(number)[key]).strip(b"[] ")

    def text(self, number: int, **put: bytes | None) -> bytes:
        """Dictionary `number` as bytes, with some entries put otherwise or (None) left out."""
        kept = [
            b"%s %s" % (key.encode(), self.raw(number, key)) for key in self.get(number) if key[1:] not in put
        ]
        return b"<< %s >>" % b" ".join(
            kept + [b"/%s %s" % (key.encode(), put[key]) for key in put if put[key]]
        )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def revised(
    document: bytes,
    objects: Iterable[tuple[int, bytes]],
    *,
    places: Mapping[int, int | tuple[int, int]] | None = None,
    rows: Iterable[tuple[int, str]] = (),
    between: bytes = b"",
    before_foot: bytes = b"",
    trailer: bytes = b"",
    without: tuple[str, ...] = (),
    size: int | None = None,
) -> bytes:
    """`document` and one revision more, with a cross-reference of the same kind.

    `places` lists objects elsewhere: an offset, or (object stream, index). `rows` are further rows of a
    table, written first. `between` follows the last object. What `trailer` says goes first.
    """
    seen, body = Seen(document), bytearray()
    at: dict[int, int | tuple[int, int]] = {}
    for number, text in objects:
        at[number] = len(document) + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    body += between
    at.update(places or {})
    own = max([seen.free - 1, *at]) + 1
    entries = {
        "/Root": b"%d 0 R" % seen.root,
        "/Prev": b"%d" % seen.start,
        "/Size": b"%d" % (size or own + 1),
    }
    for key in ("/ID", "/Info"):
        if key in seen.reader.trailer:
            entries[key] = plain(seen.reader.trailer.raw_get(key))
    end = trailer + b"".join(
        b" %s %s" % (key.encode(), value)
        for key, value in entries.items()
        if key not in without and key.encode() + b" " not in trailer
    )
    start = len(document) + len(body)
    made = _stream_section(own, {**at, own: start}, end) if seen.is_stream else _table(at, rows, end)
    return document + bytes(body) + made + before_foot + b"startxref\n%d\n%%%%EOF\n" % start


def _table(at: Mapping[int, Any], rows: Iterable[tuple[int, str]], end: bytes) -> bytes:
    lines = [f"{number} 1\n{row}\n" for number, row in rows]
    lines += [f"{number} 1\n{place:010d} 00000 n \n" for number, place in at.items()]
    return b"xref\n%strailer\n<< %s >>\n" % ("".join(lines).encode(), end)


def _stream_section(own: int, at: Mapping[int, Any], end: bytes) -> bytes:
    index, data = bytearray(), bytearray()
    for number, place in sorted(at.items()):
        index += b"%d 1 " % number
        kind, one, two = (1, place, 0) if isinstance(place, int) else (2, *place)
        data += bytes([kind]) + one.to_bytes(4, "big") + two.to_bytes(2, "big")
    head = b"/Type /XRef /W [1 4 2] /Index [%s] %s" % (bytes(index), end)
    return b"%d 0 obj\n%s\nendobj\n" % (own, stream(bytes(data), head))
