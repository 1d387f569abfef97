"""Streams that the file's own structure lies in: found, inflated within a limit, nothing else."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.tokens import GAP, Dictionary, items

MOST_INFLATED: Final = 32 * 2**20

_STREAM: Final = re.compile(GAP + rb"stream(?:\r\n|\n)")
_ENDSTREAM: Final = re.compile(rb"[\x00\t\n\x0c\r ]{0,2}endstream")


def content(
    document: bytes, header: Dictionary, length: int, decrypting: Callable[[bytes], bytes] | None = None
) -> bytes:
    """The `length` bytes of a stream, decrypted, inflated, its predictor not undone; raises `Declined`."""
    match = _STREAM.match(document, header.span[1])
    if match is None:
        raise Declined(Why.OBJECT, "not a stream")
    end = match.end() + length
    if not 0 <= length <= len(document) or _ENDSTREAM.match(document, end) is None:
        raise Declined(Why.OBJECT, "a stream that is not as long as it says")
    raw = document[match.end() : end]
    if decrypting is not None:
        raw = decrypting(raw)
    filters = _single(header.values.get(b"/Filter"))
    if filters is None:
        return raw
    if filters != b"/FlateDecode":
        raise Declined(Why.FILTER)
    return _inflated(raw)


def parameters(header: Dictionary) -> bytes | None:
    """The /DecodeParms dictionary as it is written, or None."""
    return _single(header.values.get(b"/DecodeParms"))


def _single(written: bytes | None) -> bytes | None:
    """The one filter, or the one filter's parameters; arrays of one are as good as the thing itself."""
    if written is None or not written.startswith(b"["):
        return written
    found = items(written)
    if len(found) > 1:
        raise Declined(Why.FILTER, "several filters")
    return found[0] if found and found[0] != b"null" else None


def _inflated(raw: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        made = inflater.decompress(raw, MOST_INFLATED)
    except zlib.error as error:
        raise Declined(Why.INFLATED, "damaged") from error
    if not inflater.eof:
        raise Declined(Why.INFLATED, "too much, or cut off")
    return made
