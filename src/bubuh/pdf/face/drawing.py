"""The stamp face: a square vector drawing with SPESIMEN, the serial number and the QR code.

It bears no state emblem and says three times that it is a specimen: printing anything that could pass for the
official stamp is a crime. An authorised operator supplies a face of its own as a profile.

Every byte is decided by serial number and payload; nothing is compressed when a stamp is made, because the
output of a compressor may change with its version and a stamp must come out the same years later.
"""

from __future__ import annotations

import functools
import re
from binascii import hexlify
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bubuh.pdf.face.letters import GLYPHS, HEIGHT, line, line_width, number
from bubuh.pdf.face.qr import QUIET_MODULES, Matrix, matrix

SIDE: Final = 100  #: of the drawing's own square

#: Device-independent, so that the face needs no output intent. The figures are sRGB's (IEC 61966-2-1).
COLOUR_SPACE: Final = (
    "[/CalRGB << /WhitePoint [0.9505 1 1.089] /Gamma [2.2 2.2 2.2]"
    " /Matrix [0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505] >>]"
)

_INK: Final = "0.02 0.25 0.3"
_TINT: Final = "0.55 0.76 0.78"
_RED: Final = "0.72 0.08 0.1"
_QR_SIDE: Final = 66
_QR_X: Final = 17
_QR_Y: Final = 20.6
_LINE_LETTERS: Final = 11  #: of a serial number, on each of two lines
_SERIAL_ADVANCE: Final = 10
_SERIAL_SCALE: Final = 0.7
_SERIAL_BOLD: Final = 1.4
_SERIAL_Y: Final = 13.4  #: of the first line
_SERIAL_X: Final = (SIDE - _SERIAL_SCALE * line_width("0" * _LINE_LETTERS, advance=_SERIAL_ADVANCE)) / 2
_NEXT_LINE: Final = b"1 0 0 1 %d -11.5 cm\n" % -(_LINE_LETTERS * _SERIAL_ADVANCE)


def drawing(serial_no: str, qr_payload: str) -> bytes:
    """The content stream of the face, in a square of SIDE units."""
    return GROUND + particulars(serial_no, qr_payload)


def particulars(serial_no: str, qr_payload: str) -> bytes:
    """What of the drawing differs from face to face: it follows GROUND."""
    strokes = _strokes().__getitem__
    return b"".join(
        (
            b"/Span << /ActualText (%s) >> BDC\n" % serial_no.encode("ascii"),
            *map(strokes, serial_no[:_LINE_LETTERS]),
            _NEXT_LINE,
            *map(strokes, serial_no[_LINE_LETTERS:]),
            b"EMC\nQ\n",
            *_code(matrix(qr_payload)),
        )
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a content stream turns out to say."""

    serial_no: str
    code: Matrix


_SERIAL_DRAWN: Final = re.compile(rb"/ActualText \(([0-9A-Z]{22})\) >> BDC\n")
_CODE_DRAWN: Final = re.compile(rb"BI /W (\d{2,3}) /H \1 /IM true /D \[1 0\] /F /AHx ID\n([0-9a-f]+)>\nEI\n")


def read_drawing(content: bytes) -> Drawn:
    """What a face's content stream says; raises ValueError when it is not one of ours."""
    serials, codes = _SERIAL_DRAWN.findall(content), _CODE_DRAWN.findall(content)
    if len(serials) != 1 or len(codes) != 1:
        raise ValueError("not one serial number and one QR code")
    modules, bits = codes[0]
    return Drawn(serials[0].decode(), Matrix(modules=int(modules), bits=bytes.fromhex(bits.decode())))


@functools.cache
def _strokes() -> Mapping[str, bytes]:
    """What draws each letter of a serial number and moves on to the next."""
    return {letter: line(letter, advance=_SERIAL_ADVANCE).encode("ascii") + b"\n" for letter in GLYPHS}


def _code(code: Matrix) -> tuple[bytes, bytes, bytes]:
    """The QR code in the midst of its ground, which leaves it a quiet zone; and the end of the drawing."""
    before, after = _code_pieces(code.modules)
    return before, hexlify(code.bits), after


@functools.lru_cache(maxsize=16)
def _code_pieces(modules: int) -> tuple[bytes, bytes]:
    """What stands before and after the bits of a code of so many modules."""
    module = _QR_SIDE / (modules + 2 * QUIET_MODULES)
    side, quiet = number(module * modules), module * QUIET_MODULES
    before = (
        f"q {side} 0 0 {side} {number(_QR_X + quiet)} {number(_QR_Y + quiet)} cm\n"
        f"BI /W {modules} /H {modules} /IM true /D [1 0] /F /AHx ID\n"
    )
    return before.encode("ascii"), b">\nEI\nQ\nQ\n"


def _text(text: str, *, y: float, scale: float, advance: float, bold: float, colour: str = _INK) -> str:
    """`text` centred on the face, standing on `y`."""
    x = (SIDE - scale * line_width(text, advance=advance)) / 2
    return _lettering(text, (scale, 0, 0, scale, x, y), advance=advance, bold=bold, colour=colour)


def _upwards(text: str, *, x: float, scale: float, advance: float, bold: float) -> str:
    """`text` read from bottom to top beside the code, its feet on `x`."""
    y = _QR_Y + (_QR_SIDE - scale * line_width(text, advance=advance)) / 2
    return _lettering(text, (0, scale, -scale, 0, x, y), advance=advance, bold=bold, colour=_INK)


def _downwards(text: str, *, x: float, scale: float, advance: float, bold: float) -> str:
    """`text` read from top to bottom beside the code, its feet on `x`."""
    y = _QR_Y + (_QR_SIDE + scale * line_width(text, advance=advance)) / 2
    return _lettering(text, (0, -scale, scale, 0, x, y), advance=advance, bold=bold, colour=_INK)


def _lettering(text: str, at: tuple[float, ...], *, advance: float, bold: float, colour: str) -> str:
    return f"{_pen(at, bold=bold, colour=colour)}\n{line(text, advance=advance)}\nQ"


def _pen(at: tuple[float, ...], *, bold: float, colour: str = _INK) -> str:
    """What must be said before letters are drawn; a Q ends it."""
    return f"q /C CS {colour} SC 1 J 1 j {number(bold)} w {' '.join(map(number, at))} cm"


def _braid(x: float, width: float) -> str:
    """Two strands that cross, from the code's foot to its top."""
    knots = 6
    step = _QR_SIDE / knots
    strands = []
    for side in (1, -1):
        path = [f"{number(x)} {number(_QR_Y)} m"]
        for knot in range(knots):
            bulge = x + width * side * (1 if knot % 2 else -1)
            low, high = _QR_Y + step * knot, _QR_Y + step * (knot + 1)
            path.append(
                " ".join(map(number, (bulge, low + step / 3, bulge, high - step / 3, x, high))) + " c"
            )
        strands.append(" ".join(path))
    return f"/C CS {_TINT} SC .7 w " + " ".join(strands) + " S"


def _ground() -> str:
    """What all faces share.

    Opaque ground, frame, band, braids, the words that say it is a specimen, the ground of the code; and last
    the pen of the serial number.
    """
    return "\n".join(
        (
            f"q /C cs 1 1 1 sc 0 0 {SIDE} {SIDE} re f",
            _braid(5.6, 2.6),
            _braid(SIDE - 5.6, 2.6),
            f"/C CS {_INK} SC 1.2 w 1 1 98 98 re S .4 w 2.6 2.6 94.8 94.8 re S",
            f"/C cs {_RED} sc 2.6 87.2 94.8 10.2 re f",
            _text("SPESIMEN", y=89.2, scale=6.2 / HEIGHT, advance=10.5, bold=1.6, colour="1 1 1"),
            _upwards("HANYA CONTOH", x=15.2, scale=4.2 / HEIGHT, advance=8.5, bold=1),
            _downwards("BUKAN METERAI", x=SIDE - 15.2, scale=4.2 / HEIGHT, advance=8.5, bold=1),
            f"/C cs 1 1 1 sc {_QR_X} {_QR_Y} {_QR_SIDE} {_QR_SIDE} re f 0 0 0 sc",
            _pen((_SERIAL_SCALE, 0, 0, _SERIAL_SCALE, _SERIAL_X, _SERIAL_Y), bold=_SERIAL_BOLD),
        )
    )


#: The part of the drawing that all faces share, with a line end. It decides what is compressed in
#: `bubuh.pdf.lean.ground`, which a test holds to it.
GROUND: Final = _ground().encode("ascii") + b"\n"
