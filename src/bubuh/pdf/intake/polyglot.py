"""Whether a PDF is a file of another kind as well: two programs would show two documents under one stamp."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|script|iframe)[\s/>]", re.IGNORECASE)
_HTML_BYTES: Final = 1024  #: how far browsers look. Source: WHATWG MIME Sniffing, 7.1

#: Kinds that are known by bytes at a fixed place, which may be any in a PDF's beginning.
_AT: Final = (
    ("tar", 257, b"ustar"),
    ("dicom", 128, b"DICM"),
    ("iso9660", 32769, b"CD001"),
)
#: Kinds that are known by their first bytes, at the start of a file.
_FIRST: Final = (
    ("windows", b"MZ"),
    ("elf", b"\x7fELF"),
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG"),
    ("gif", b"GIF8"),
    ("script", b"#!"),
    ("php", b"<?php"),
    ("flash", b"CWS"),
    ("java", b"\xca\xfe\xba\xbe"),
    ("postscript", b"%!PS"),
    ("pdf", b"%PDF-"),
)
#: Kinds whose programs look further: an archive may follow anything that unpacks it.
_ARCHIVES: Final = (
    ("zip", b"PK\x03\x04"),
    ("zip", b"PK\x05\x06"),
    ("rar", b"Rar!\x1a\x07"),
    ("7z", b"7z\xbc\xaf\x27\x1c"),
)
_BLANK: Final = b" \t\r\n\0"
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_ZIP_COMMENT: Final = struct.Struct("<H")
_MOST_COMMENT: Final = 0xFFFF


def kind_before(outside: bytes) -> str | None:
    """The kind of file that begins before a PDF; None when there are just bytes."""
    found = outside.strip(_BLANK)
    if _HTML.search(found) is not None:
        return "html"
    return next((kind for kind, first in (*_FIRST, *_ARCHIVES) if found.startswith(first)), None)


def kind_after(outside: bytes) -> str | None:
    """The kind of file that follows a PDF; None when it is just bytes, or what nobody looks for at an end."""
    found = outside.strip(_BLANK)
    return next((kind for kind, first in _ARCHIVES if found.startswith(first)), None)


def kind_within(document: bytes) -> str | None:
    """The other kind of file that a PDF is, from its first byte to its last; None when it is but a PDF."""
    return next(_kinds(document), None)


def _kinds(document: bytes) -> Iterator[str]:
    head = document[:_HTML_BYTES]
    if _HTML.search(head) is not None:
        yield "html"
    yield from (kind for kind, at, mark in _AT if document.startswith(mark, at))
    if _is_zip(document):
        yield "zip"


def _is_zip(document: bytes) -> bool:
    """Whether an archive's end record, with its comment, ends where the document ends, blanks aside.

    Archives within a document, such as attached office files, do not.
    """
    tail = document[-(_MOST_COMMENT + _ZIP_END_BYTES) :]
    at = tail.find(_ZIP_END)
    while at >= 0:
        if at + _ZIP_END_BYTES <= len(tail):
            (comment,) = _ZIP_COMMENT.unpack_from(tail, at + _ZIP_END_BYTES - _ZIP_COMMENT.size)
            ends = at + _ZIP_END_BYTES + comment
            if ends >= len(tail.rstrip(_BLANK)):
                return True
        at = tail.find(_ZIP_END, at + 1)
    return False
