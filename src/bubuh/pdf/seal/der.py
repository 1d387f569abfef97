"""The little DER that a seal needs: write and walk tag, length, value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31


def tlv(tag: int, *values: bytes) -> bytes:
    """One element: `tag`, the length in its shortest form, the values put together."""
    value = b"".join(values)
    return bytes((tag,)) + _length(len(value)) + value


def set_of(values: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF as DER wants it: its elements in ascending order of their bytes (X.690, 11.6)."""
    return tlv(tag, *sorted(values))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tlv(OID, *(_base128(arc) for arc in (40 * first + second, *rest)))


def elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and whole bytes of each element of `der`; raises ValueError when it is not well formed."""
    at = 0
    while at < len(der):
        start = at
        tag = der[at]
        size, at = _read_length(der, at + 1)
        if at + size > len(der):
            raise ValueError("an element is longer than what holds it")
        at += size
        yield tag, der[start:at]


def inner(element: bytes) -> bytes:
    """The value of one element."""
    size, at = _read_length(element, 1)
    if at + size != len(element):
        raise ValueError("not one element")
    return element[at:]


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def _read_length(der: bytes, at: int) -> tuple[int, int]:
    first = der[at]
    if first < 0x80:
        return first, at + 1
    octets = first & 0x7F
    if not 1 <= octets <= 4 or at + 1 + octets > len(der):
        raise ValueError("a length that DER does not know")
    return int.from_bytes(der[at + 1 : at + 1 + octets], "big"), at + 1 + octets


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))
