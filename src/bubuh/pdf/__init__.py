"""Read, draw, sign and judge PDFs: the only door to the PDF libraries. Pure: bytes in, bytes out, no I/O.

`inspect` -> facts or a refusal; `plan` -> what a stamp appends, but for its signature; `rehearse` reads it
back with a second parser; `cms` makes what is signed and what holds the signature; `judge` says whether a
document's stamps are genuine.
"""

from bubuh.pdf import cms, eager as _eager  # noqa: F401 - before any right is given up
from bubuh.pdf.geometry import check_place, to_page_space
from bubuh.pdf.intake import inspect
from bubuh.pdf.judge import judge
from bubuh.pdf.model import (
    Chain,
    Facts,
    Increment,
    Indication,
    Intent,
    Judgement,
    PageBox,
    Place,
    Rect,
    StampFinding,
    Trust,
)
from bubuh.pdf.offline import affix_with_key
from bubuh.pdf.plan import plan
from bubuh.pdf.refusals import (
    DocumentRefused,
    FaceSize,
    OutsidePage,
    PageOutOfRange,
    Reason,
    SerialMalformed,
)
from bubuh.pdf.rehearse import rehearse

__all__ = [
    "Chain",
    "DocumentRefused",
    "FaceSize",
    "Facts",
    "Increment",
    "Indication",
    "Intent",
    "Judgement",
    "OutsidePage",
    "PageBox",
    "PageOutOfRange",
    "Place",
    "Reason",
    "Rect",
    "SerialMalformed",
    "StampFinding",
    "Trust",
    "affix_with_key",
    "check_place",
    "cms",
    "inspect",
    "judge",
    "plan",
    "rehearse",
    "to_page_space",
]
