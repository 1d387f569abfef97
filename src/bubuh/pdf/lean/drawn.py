"""The face as a form XObject, ready to be appended: the shared ground compressed, the rest as it is."""

from __future__ import annotations

import functools
import struct
import zlib
from typing import Final

from bubuh.pdf.face.drawing import COLOUR_SPACE, SIDE, particulars
from bubuh.pdf.face.letters import number
from bubuh.pdf.geometry import upright
from bubuh.pdf.lean.ground import ADLER, DEFLATED

_LAST_AND_STORED: Final = (
    1  #: the head of a block that is the last and not compressed. Source: RFC 1951, 3.2.4
)


def face_stream(serial_no: str, qr_payload: str) -> bytes:
    """The drawing as a zlib stream; nothing is compressed here, so it comes out the same years later."""
    rest = particulars(serial_no, qr_payload)
    size = len(rest)
    return b"".join(
        (
            DEFLATED,
            struct.pack("<BHH", _LAST_AND_STORED, size, size ^ 0xFFFF),
            rest,
            struct.pack(">I", zlib.adler32(rest, ADLER)),
        )
    )


def face_object(body: bytes, rotate: int) -> bytes:
    """The form XObject with a face's stream, from its dictionary to endstream.

    On a page turned by `rotate` it is seen upright.
    """
    return b"%s/Length %d >>\nstream\n%s\nendstream" % (_entries(rotate), len(body), body)


@functools.cache
def _entries(rotate: int) -> bytes:
    matrix = " ".join(map(number, upright(rotate, SIDE)))
    return (
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 {SIDE} {SIDE}] /Matrix [{matrix}]"
        f" /Resources << /ColorSpace << /C {COLOUR_SPACE} >> >> /Filter /FlateDecode "
    ).encode("ascii")
