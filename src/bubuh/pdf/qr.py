"""The QR code on a face: error correction, mode and mask fixed, so that only the payload decides its bits."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import segno

#: Fixed, so that each module is an affine function of the payload's bits; on random serial numbers
#: this mask had the least average penalty of the eight.
MASK: Final = 4
QUIET_MODULES: Final = 4  #: ISO/IEC 18004, 5.3.8


@dataclass(frozen=True, slots=True)
class Matrix:
    """A QR code as the rows of a one-bit image: each row padded to whole bytes, 1 is dark."""

    modules: int
    bits: bytes


@functools.lru_cache(maxsize=256)
def matrix(payload: str) -> Matrix:
    """The modules of `payload` at level M, in the smallest version that holds it; no quiet zone."""
    code = segno.make(payload, error="m", mode="byte", mask=MASK, micro=False, boost_error=False)
    rows = tuple(code.matrix)
    return Matrix(modules=len(rows), bits=b"".join(_packed(bytes(row)) for row in rows))


def _packed(row: bytes) -> bytes:
    octets = (len(row) + 7) // 8
    bits = "".join("1" if module else "0" for module in row).ljust(8 * octets, "0")
    return int(bits, 2).to_bytes(octets, "big")
