"""Letters and digits drawn by hand as strokes, so that a face needs no font: PDF/A stays PDF/A.

A glyph stands on the base line at 0, 10 units high and 6 wide; its strokes are drawn with round caps. Zero is
slashed and I has its bars: a serial number is read aloud over the telephone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEIGHT: Final = 10.0
WIDTH: Final = 6.0

GLYPHS: Final[Mapping[str, str]] = {
    " ": "",
    "0": "3 10 m 1.1 10 0 8.2 0 5 c 0 1.8 1.1 0 3 0 c 4.9 0 6 1.8 6 5 c 6 8.2 4.9 10 3 10 c"
    " h 1.7 3 m 4.3 7 l",
    "1": ".8 8 m 3.2 10 l 3.2 0 l .8 0 m 5.6 0 l",
    "2": ".2 7.6 m .4 9.1 1.5 10 3 10 c 4.8 10 5.8 9 5.8 7.4 c 5.8 5.4 3.6 3.8 .2 0 c 6 0 l",
    "3": ".3 8.6 m .9 9.5 1.8 10 2.9 10 c 4.6 10 5.6 9 5.6 7.7 c 5.6 6.3 4.6 5.4 2.4 5.4 c"
    " 4.8 5.4 6 4.4 6 2.8 c 6 1 4.8 0 2.9 0 c 1.6 0 .6 .6 0 1.6 c",
    "4": "4.5 0 m 4.5 10 l 0 3.1 l 6 3.1 l",
    "5": "5.5 10 m .9 10 l .5 5.5 l 1.2 6.2 2 6.5 3 6.5 c 4.8 6.5 6 5.2 6 3.3 c 6 1.2 4.7 0 2.8 0 c"
    " 1.5 0 .6 .5 0 1.5 c",
    "6": "5.5 8.9 m 4.9 9.7 4.1 10 3.3 10 c 1.2 10 0 8 0 4.4 c 0 1.4 1.2 0 3 0 c 4.8 0 6 1.3 6 3.1 c"
    " 6 4.9 4.8 6.1 3.1 6.1 c 1.6 6.1 .4 5.1 0 3.7 c",
    "7": "0 10 m 6 10 l 2.1 0 l",
    "8": "3 5.4 m 1.3 5.4 .4 6.4 .4 7.7 c .4 9.1 1.4 10 3 10 c 4.6 10 5.6 9.1 5.6 7.7 c"
    " 5.6 6.4 4.7 5.4 3 5.4 c"
    " 1.1 5.4 0 4.4 0 2.8 c 0 1 1.2 0 3 0 c 4.8 0 6 1 6 2.8 c 6 4.4 4.9 5.4 3 5.4 c",
    "9": ".5 1.1 m 1.1 .3 1.9 0 2.7 0 c 4.8 0 6 2 6 5.6 c 6 8.6 4.8 10 3 10 c 1.2 10 0 8.7 0 6.9 c"
    " 0 5.1 1.2 3.9 2.9 3.9 c 4.4 3.9 5.6 4.9 6 6.3 c",
    "A": "0 0 m 3 10 l 6 0 l 1 3.4 m 5 3.4 l",
    "B": "0 0 m 0 10 l 3 10 l 4.7 10 5.5 9 5.5 7.7 c 5.5 6.3 4.6 5.4 3 5.4 c 0 5.4 l"
    " 3 5.4 m 5 5.4 6 4.3 6 2.7 c 6 1.1 5 0 3 0 c 0 0 l",
    "C": "6 7.9 m 5.5 9.2 4.5 10 3.2 10 c 1.2 10 0 8.2 0 5 c 0 1.8 1.2 0 3.2 0 c 4.5 0 5.5 .8 6 2.1 c",
    "D": "0 0 m 0 10 l 2.6 10 l 4.8 10 6 8.2 6 5 c 6 1.8 4.8 0 2.6 0 c h",
    "E": "5.6 10 m 0 10 l 0 0 l 5.7 0 l 0 5.2 m 4.6 5.2 l",
    "F": "5.7 10 m 0 10 l 0 0 l 0 5.2 m 4.6 5.2 l",
    "G": "6 7.9 m 5.5 9.2 4.5 10 3.2 10 c 1.2 10 0 8.2 0 5 c 0 1.8 1.2 0 3.2 0 c 4.9 0 6 1.2 6 3.4 c"
    " 6 4.6 l 3.4 4.6 l",
    "H": "0 0 m 0 10 l 6 0 m 6 10 l 0 5.2 m 6 5.2 l",
    "I": "1 10 m 5 10 l 1 0 m 5 0 l 3 0 m 3 10 l",
    "J": "1.8 10 m 5.6 10 l 5.6 3 l 5.6 1 4.6 0 2.9 0 c 1.3 0 .3 .9 0 2.4 c",
    "K": "0 0 m 0 10 l 5.8 10 m 0 4.1 l 2.1 6.2 m 6 0 l",
    "L": "0 10 m 0 0 l 5.7 0 l",
    "M": "0 0 m 0 10 l 3 4.4 l 6 10 l 6 0 l",
    "N": "0 0 m 0 10 l 6 0 l 6 10 l",
    "O": "3 10 m 1.1 10 0 8.2 0 5 c 0 1.8 1.1 0 3 0 c 4.9 0 6 1.8 6 5 c 6 8.2 4.9 10 3 10 c h",
    "P": "0 0 m 0 10 l 3.2 10 l 5 10 6 8.9 6 7.2 c 6 5.5 5 4.4 3.2 4.4 c 0 4.4 l",
    "Q": "3 10 m 1.1 10 0 8.2 0 5 c 0 1.8 1.1 0 3 0 c 4.9 0 6 1.8 6 5 c 6 8.2 4.9 10 3 10 c"
    " h 3.8 2.4 m 6.2 -.6 l",
    "R": "0 0 m 0 10 l 3.2 10 l 5 10 6 8.9 6 7.2 c 6 5.5 5 4.4 3.2 4.4 c 0 4.4 l 3.2 4.4 m 6 0 l",
    "S": "5.7 8.1 m 5.2 9.4 4.3 10 3 10 c 1.4 10 .3 9.1 .3 7.6 c .3 6.1 1.5 5.6 3 5.2 c"
    " 4.8 4.7 6 4.1 6 2.6 c 6 1 4.8 0 3 0 c 1.5 0 .5 .7 0 2.1 c",
    "T": "0 10 m 6 10 l 3 10 m 3 0 l",
    "U": "0 10 m 0 3.4 l 0 1.2 1.1 0 3 0 c 4.9 0 6 1.2 6 3.4 c 6 10 l",
    "V": "0 10 m 3 0 l 6 10 l",
    "W": "0 10 m 1.4 0 l 3 6 l 4.6 0 l 6 10 l",
    "X": "0 0 m 6 10 l 0 10 m 6 0 l",
    "Y": "0 10 m 3 5 l 6 10 l 3 5 m 3 0 l",
    "Z": "0 10 m 6 10 l 0 0 l 6 0 l",
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
