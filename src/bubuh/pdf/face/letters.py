"""Letters and digits drawn by hand as strokes, so that a face needs no font: PDF/A stays PDF/A.

A glyph stands on the base line at 0, 8 units high and 6 wide, on whole units because each document bears 22;
its strokes are drawn with round caps. Half an ellipse is one curve, its control points four thirds of the
half axis out. Zero is slashed and I has its bars: a serial number is read aloud over the telephone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEIGHT: Final = 8.0
WIDTH: Final = 6.0

GLYPHS: Final[Mapping[str, str]] = {
    " ": "",
    "0": "3 8 m -1 8 -1 0 3 0 c 7 0 7 8 3 8 c h 2 3 m 4 5 l",
    "1": "1 6 m 3 8 l 3 0 l 1 0 m 5 0 l",
    "2": "0 6 m 0 7 1 8 3 8 c 8 8 6 4 0 0 c 6 0 l",
    "3": "0 7 m 1 8 3 8 y 7 8 7 4 2 4 c 7 4 7 0 3 0 c 1 0 0 1 v",
    "4": "5 0 m 5 8 l 0 2 l 6 2 l",
    "5": "6 8 m 0 8 l 0 5 l 3 5 l 7 5 7 0 3 0 c 1 0 0 1 v",
    "6": "6 7 m 5 8 3 8 y 1 8 0 6 0 3 c 0 -1 6 -1 6 3 c 6 6 0 6 0 3 c",
    "7": "0 8 m 6 8 l 2 0 l",
    "8": "3 4 m 0 5 0 8 3 8 c 6 8 6 5 3 4 c 0 3 0 0 3 0 c 6 0 6 3 3 4 c",
    "9": "0 1 m 1 0 3 0 y 5 0 6 2 6 5 c 6 9 0 9 0 5 c 0 2 6 2 6 5 c",
    "A": "0 0 m 3 8 l 6 0 l 1 3 m 5 3 l",
    "B": "0 0 m 0 8 l 3 8 l 6 8 6 4 3 4 c 7 4 7 0 3 0 c h 0 4 m 3 4 l",
    "C": "6 7 m 5 8 3 8 y -1 8 -1 0 3 0 c 5 0 6 1 v",
    "D": "0 0 m 0 8 l 2 8 l 7 8 7 0 2 0 c h",
    "E": "6 8 m 0 8 l 0 0 l 6 0 l 0 4 m 5 4 l",
    "F": "6 8 m 0 8 l 0 0 l 0 4 m 5 4 l",
    "G": "6 7 m 5 8 3 8 y -1 8 -1 0 3 0 c 6 0 6 3 y 6 4 l 3 4 l",
    "H": "0 0 m 0 8 l 6 0 m 6 8 l 0 4 m 6 4 l",
    "I": "1 8 m 5 8 l 1 0 m 5 0 l 3 0 m 3 8 l",
    "J": "2 8 m 6 8 l 6 2 l 6 -1 0 -1 0 2 c",
    "K": "0 0 m 0 8 l 6 8 m 0 3 l 2 5 m 6 0 l",
    "L": "0 8 m 0 0 l 6 0 l",
    "M": "0 0 m 0 8 l 3 3 l 6 8 l 6 0 l",
    "N": "0 0 m 0 8 l 6 0 l 6 8 l",
    "O": "3 8 m -1 8 -1 0 3 0 c 7 0 7 8 3 8 c h",
    "P": "0 0 m 0 8 l 3 8 l 7 8 7 4 3 4 c 0 4 l",
    "Q": "3 8 m -1 8 -1 0 3 0 c 7 0 7 8 3 8 c h 4 2 m 6 0 l",
    "R": "0 0 m 0 8 l 3 8 l 7 8 7 4 3 4 c 0 4 l 3 4 m 6 0 l",
    "S": "6 7 m 5 8 3 8 y -1 8 -1 4 3 4 c 7 4 7 0 3 0 c 1 0 0 1 v",
    "T": "0 8 m 6 8 l 3 8 m 3 0 l",
    "U": "0 8 m 0 3 l 0 -1 6 -1 6 3 c 6 8 l",
    "V": "0 8 m 3 0 l 6 8 l",
    "W": "0 8 m 1 0 l 3 5 l 5 0 l 6 8 l",
    "X": "0 0 m 6 8 l 0 8 m 6 0 l",
    "Y": "0 8 m 3 4 l 6 8 l 3 4 m 3 0 l",
    "Z": "0 8 m 6 8 l 0 0 l 6 0 l",
}


def line(text: str, *, advance: float) -> str:
    """Operators that stroke `text` from the current origin, `advance` units from one glyph to the next.

    The caller sets scale, colour and line width, inside its own q and Q: the origin moves along.
    """
    step = f"1 0 0 1 {number(advance)} 0 cm"
    return "\n".join(f"{GLYPHS[letter]} S {step}" if GLYPHS[letter] else step for letter in text)


def line_width(text: str, *, advance: float) -> float:
    """How far `line` reaches, in glyph units."""
    return (len(text) - 1) * advance + WIDTH


def number(value: float) -> str:
    """A PDF number: at most four decimals, no exponent, no superfluous zero."""
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
