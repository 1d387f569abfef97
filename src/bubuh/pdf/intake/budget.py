"""How large a document is once its readers unpack it: a few kilobytes can stand for many gigabytes.

We unpack little, but the agencies that a stamped document is sent to unpack all of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import pikepdf

from bubuh.pdf.intake.attachments import filters_of
from bubuh.pdf.intake.survey import Item, name_of
from bubuh.pdf.refusals import DocumentRefused, Reason

MOST_INFLATED: Final = 256 * 2**20
MOST_PIXELS: Final = 100_000_000
MOST_FILTERS: Final = 3

#: How many bytes a filter makes of one at most; those that are not here make pictures, which are counted by
#: their pixels. Source: RFC 1951 (258 bytes of two bits), ISO 32000-2, 7.4.
_GROWTH: Final[Mapping[str, int]] = MappingProxyType(
    {"/FlateDecode": 1032, "/LZWDecode": 2731, "/RunLengthDecode": 64, "/ASCII85Decode": 4}
)
_STEP_BYTES: Final = 1 << 20


def check_budget(items: Iterable[Item]) -> None:
    """Refuse what unpacks to more than `MOST_INFLATED`, has larger pictures or longer chains of filters."""
    packed = [item.holder for item in items if item.is_stream and _is_packed(item)]
    growing = [(stream, growth) for stream in packed if (growth := _growth(stream)) > 1]
    if sum(len(stream.read_raw_bytes()) * growth for stream, growth in growing) <= MOST_INFLATED:
        return
    left = MOST_INFLATED
    for stream, _growth_of_it in growing:
        left -= _inflated_bytes(stream, left)
        if left < 0:
            raise DocumentRefused(reason=Reason.INFLATES, most_bytes=MOST_INFLATED)


def _is_packed(item: Item) -> bool:
    if b"/Subtype /Image " in item.text:
        pixels = _number(item.holder.get("/Width")) * _number(item.holder.get("/Height"))
        if pixels > MOST_PIXELS:
            raise DocumentRefused(reason=Reason.INFLATES, most_pixels=MOST_PIXELS)
    return b"/Filter " in item.text


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float, Decimal)) else 0


def _growth(stream: Any) -> int:
    filters = filters_of(stream)
    if len(filters) > MOST_FILTERS:
        raise DocumentRefused(reason=Reason.INFLATES, most_filters=MOST_FILTERS)
    growth = 1
    for name in filters:
        growth *= _GROWTH.get(str(name), 1)
    return growth


def _inflated_bytes(stream: Any, most: int) -> int:
    """How many bytes a stream makes, or some number over `most`."""
    filters = [str(name) for name in filters_of(stream)]
    flate = next((at for at, name in enumerate(filters) if name != "/FlateDecode"), len(filters))
    if name_of(stream, "/Subtype") != "/Image" and flate < len(filters) and _GROWTH.keys() & filters[flate:]:
        return len(stream.read_bytes(pikepdf.StreamDecodeLevel.generalized))  # seldom; the sandbox bounds it
    made: Iterator[bytes] = iter((stream.read_raw_bytes(),))
    for _ in range(flate):
        made = _inflated(made)
    total = 0
    for piece in made if flate else ():
        total += len(piece)
        if total > most:
            break
    return total


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What zlib makes of `pieces`, in steps; what is damaged ends it, as it does for readers."""
    inflater = zlib.decompressobj()
    try:
        for piece in pieces:
            ahead = piece
            while ahead and not inflater.eof:
                yield inflater.decompress(ahead, _STEP_BYTES)
                ahead = inflater.unconsumed_tail
    except zlib.error:
        return
