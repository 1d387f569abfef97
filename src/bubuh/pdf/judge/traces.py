"""What looks like a stamp and has no seal: fields that were never sealed, faces that were copied.

Text only: a photo or a scan of a face is a picture like any other, and its code is for those who have the
paper. What is found proves nothing; it tells people why there is nothing to prove.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.reader import entry, fields
from bubuh.pdf.general.signatures import serial_in

MOST_SERIALS: Final = 8
_MOST_STREAMS: Final = 2000
_MOST_RAW_BYTES: Final = 1 << 18
_MOST_TEXT_BYTES: Final = 8 << 20

_SERIAL: Final = re.compile(rb"(?:/ActualText\s*\(|/s/)([0-9A-Z]{22})(?![0-9A-Za-z])")


def never_sealed(reader: PdfFileReader) -> tuple[str, ...]:
    """The serial numbers of stamp fields that hold no seal, or an empty one."""
    found = ((serial_in(field.name), field) for field in fields(reader) if field.kind == "/Sig")
    return tuple(serial_no for serial_no, field in found if serial_no and _is_empty(field.dictionary))


def faces(document: bytes, reader: PdfFileReader) -> tuple[str, ...]:
    """The serial numbers on faces of ours, and in addresses of ours, that stand anywhere as text."""
    serials: dict[str, None] = {}
    for text in (document, *_texts(reader)):
        for serial_no in _SERIAL.findall(text):
            serials[serial_no.decode("ascii")] = None
            if len(serials) >= MOST_SERIALS:
                return tuple(serials)
    return tuple(serials)


def _is_empty(field: generic.DictionaryObject) -> bool:
    value = entry(field, "/V")
    if value is None:
        return True
    if not isinstance(value, generic.DictionaryObject) or "/Contents" not in value:
        return False
    # A seal is not encrypted, whatever the document is. Source: ISO 32000-2, 7.6.2
    contents = value.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
    octets = getattr(contents, "original_bytes", contents)
    return isinstance(octets, bytes) and not octets.strip(b"\0")


def _texts(reader: PdfFileReader) -> Iterator[bytes]:
    """Streams that can hold drawings, unpacked, as far as there is patience."""
    left, seen = _MOST_TEXT_BYTES, 0
    for number, generation in _everything(reader):
        stream = _stream(reader, number, generation)
        if stream is None:
            continue
        seen += 1
        left -= len(stream)
        yield stream
        if left < 0 or seen >= _MOST_STREAMS:
            return


def _stream(reader: PdfFileReader, number: int, generation: int) -> bytes | None:
    try:
        found: Any = reader.get_object(generic.Reference(number, generation, pdf=reader))
        if not isinstance(found, generic.StreamObject) or len(found.encoded_data) > _MOST_RAW_BYTES:
            return None
        if entry(found, "/Subtype", "/Form") != "/Form" or "/Length1" in found:
            return None  # a picture, a font
        return bytes(found.data)
    except Exception:  # noqa: BLE001 - what cannot be unpacked shows nobody a face
        return None


def _everything(reader: PdfFileReader) -> list[tuple[int, int]]:
    known: set[tuple[int, int]] = set()
    for revision in range(reader.xrefs.total_revisions):
        known |= set(reader.xrefs.get_xref_data(revision).explicit_refs_in_revision)
    return sorted(known)
