"""The stamp face: a square vector drawing with SPESIMEN, the serial number and the QR code.

It bears no state emblem and says three times that it is a specimen: printing anything that could pass for the
official stamp is a crime. An authorised operator supplies a face of its own as a profile.

Every byte is decided by serial number and payload; nothing is compressed when a stamp is made, because the
output of a compressor may change with its version and a stamp must come out the same years later.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bubuh.pdf.letters import GLYPHS, HEIGHT, line, line_width, number
from bubuh.pdf.qr import QUIET_MODULES, Matrix, matrix

SIDE: Final = 100  #: of the drawing's own square

#: Device-independent, so that the face needs no output intent. The figures are sRGB's (IEC 61966-2-1).
COLOUR_SPACE: Final = (
    "[/CalRGB << /WhitePoint [0.9505 1 1.089] /Gamma [2.2 2.2 2.2]"
    " /Matrix [0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505] >>]"
)

_INK: Final = "0.02 0.25 0.3"
_TINT: Final = "0.55 0.76 0.78"
_RED: Final = "0.72 0.08 0.1"
_QR_SIDE: Final = 66.0
_QR_X: Final = 17.0
_QR_Y: Final = 20.6
_SERIAL_ADVANCE: Final = 13
_SERIAL_SCALE: Final = 0.56
_SERIAL_LINES: Final = (13.4, 5.4)


def drawing(serial_no: str, qr_payload: str) -> bytes:
    """The content stream of the face, in a square of SIDE units."""
    return GROUND + particulars(serial_no, qr_payload)


def particulars(serial_no: str, qr_payload: str) -> bytes:
    """What of the drawing differs from face to face: it follows GROUND."""
    half = len(serial_no) // 2
    return b"".join(
        (
            f"/Span << /ActualText ({serial_no}) >> BDC\n".encode("ascii"),
            _row(serial_no[:half], _SERIAL_LINES[0]),
            _row(serial_no[half:], _SERIAL_LINES[1]),
            b"EMC\n",
            _code(matrix(qr_payload)),
            b"\nQ\n",
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


def _row(text: str, y: float) -> bytes:
    """Half of a serial number, standing on `y`, with a line end."""
    head, letters = _row_pieces(len(text), y)
    return b"".join((head, b"\n".join(map(letters.__getitem__, text)), b"\nQ\n"))


@functools.lru_cache(maxsize=16)
def _row_pieces(letters: int, y: float) -> tuple[bytes, Mapping[str, bytes]]:
    """What stands before a row of so many letters, and each letter's strokes."""
    whole = _text("0" * letters, y=y, scale=_SERIAL_SCALE, advance=_SERIAL_ADVANCE, bold=1.7)
    head = whole[: whole.index("\n") + 1]
    return head.encode("ascii"), {
        letter: line(letter, advance=_SERIAL_ADVANCE).encode("ascii") for letter in GLYPHS
    }


def _code(code: Matrix) -> bytes:
    """The QR code on its white ground with its quiet zone."""
    before, after = _code_pieces(code.modules)
    return b"".join((before, code.bits.hex().encode("ascii"), after))


@functools.lru_cache(maxsize=16)
def _code_pieces(modules: int) -> tuple[bytes, bytes]:
    """What stands before and after the bits of a code of so many modules."""
    module = _QR_SIDE / (modules + 2 * QUIET_MODULES)
    side, quiet = number(module * modules), module * QUIET_MODULES
    ground = " ".join(map(number, (_QR_X, _QR_Y, _QR_SIDE, _QR_SIDE)))
    before = "\n".join(
        (
            f"/C cs 1 1 1 sc {ground} re f 0 0 0 sc",
            f"q {side} 0 0 {side} {number(_QR_X + quiet)} {number(_QR_Y + quiet)} cm",
            f"BI /W {modules} /H {modules} /IM true /D [1 0] /F /AHx ID\n",
        )
    )
    return before.encode("ascii"), b">\nEI\nQ"


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
    turned = " ".join(map(number, at))
    return f"q /C CS {colour} SC 1 J 1 j {number(bold)} w {turned} cm\n{line(text, advance=advance)}\nQ"


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
    """What all faces share: opaque ground, frame, band, braids, the words that say it is a specimen."""
    return "\n".join(
        (
            f"q /C cs 1 1 1 sc 0 0 {SIDE} {SIDE} re f",
            _braid(5.6, 2.6),
            _braid(SIDE - 5.6, 2.6),
            f"/C CS {_INK} SC 1.2 w 1 1 98 98 re S .4 w 2.6 2.6 94.8 94.8 re S",
            f"/C cs {_RED} sc 2.6 87.2 94.8 10.2 re f",
            _text("SPESIMEN", y=89.2, scale=6.2 / HEIGHT, advance=13.5, bold=2, colour="1 1 1"),
            _upwards("HANYA CONTOH", x=15.2, scale=4.2 / HEIGHT, advance=10, bold=1.3),
            _downwards("BUKAN METERAI", x=SIDE - 15.2, scale=4.2 / HEIGHT, advance=10, bold=1.3),
        )
    )


#: The part of the drawing that all faces share, with a line end. It decides what is compressed in
#: `bubuh.pdf.lean.ground`, which a test holds to it.
GROUND: Final = _ground().encode("ascii") + b"\n"
