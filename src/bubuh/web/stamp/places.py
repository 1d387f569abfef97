"""Places of several faces on one document: as a form carries them, by a tap on a page's picture, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bubuh.edge.refusals import UnreadableRequest
from bubuh.pdf.geometry import Point, seen_size, square
from bubuh.pdf.model import PageBox, Place, Rect
from bubuh.web.stamp.presets import NAMED, place_of

MOST_STAMPS: Final = 10  #: on one document at once
TAPPED_PX: Final = (
    280  #: width of the picture that is tapped where no script runs; `.sheet-box` in the style sheet
)
MM_PER_PT: Final = 25.4 / 72

_FIGURE: Final = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
_KEPT: Final = re.compile(rf"([0-9]{{1,6}}):{_FIGURE}:{_FIGURE}:{_FIGURE}", re.ASCII)


def kept(places: Iterable[Place]) -> str:
    """`places` as a hidden field holds them: `page:x:y:side` each, in points."""
    return ";".join(f"{place.page}:{place.x_pt:.2f}:{place.y_pt:.2f}:{place.side_pt:.2f}" for place in places)


def read_kept(text: str) -> tuple[Place, ...]:
    """What `kept` wrote; raises `UnreadableRequest` for what it did not."""
    found = [_KEPT.fullmatch(part) for part in text.split(";")] if text else []
    if len(found) >= MOST_STAMPS or not all(found):
        raise UnreadableRequest(expected=f"at most {MOST_STAMPS} places")
    return tuple(
        Place(page=int(one[1]), x_pt=float(one[2]), y_pt=float(one[3]), side_pt=float(one[4]))
        for one in found
        if one is not None
    )


def tapped(x_px: int, y_px: int, page: int, box: PageBox, *, side_pt: float) -> Place:
    """The face around the middle of a tapped pixel of a page shown TAPPED_PX wide, but within the page."""
    wide, high = seen_size(box)
    scale = wide / TAPPED_PX
    return Place(
        page=page,
        x_pt=_within((x_px + 0.5) * scale - side_pt / 2, wide - side_pt),
        y_pt=_within((y_px + 0.5) * scale - side_pt / 2, high - side_pt),
        side_pt=side_pt,
    )


def overlaps(one: Place, other: Place) -> bool:
    """Whether two faces lie on each other."""
    return one.page == other.page and _meet(square(one), square(other))


def proposed(page: int, box: PageBox, others: Sequence[Place], *, side_pt: float) -> Place:
    """A named place where none of `others` is; where each is taken, the first."""
    offered = [place_of(preset, page, box, side_pt=side_pt) for preset in NAMED]
    return next((one for one in offered if not any(overlaps(one, other) for other in others)), offered[0])


def where(place: Place, seen: Point) -> tuple[int, int]:
    """In which third of the page the face's middle lies, across and down, 0 to 2; as the page's script."""
    half = place.side_pt / 2
    return _third(place.x_pt + half, seen[0]), _third(place.y_pt + half, seen[1])


def regions(say: Callable[[str], str]) -> list[str]:
    """What the nine parts of a page are called: the upper three first, each from the left."""
    return [
        say("kiri atas"),
        say("tengah atas"),
        say("kanan atas"),
        say("kiri tengah"),
        say("tengah"),
        say("kanan tengah"),
        say("kiri bawah"),
        say("tengah bawah"),
        say("kanan bawah"),
    ]


def in_words(place: Place, seen: Point, names: Sequence[str]) -> dict[str, str]:
    """What a sentence about the place is filled with: part of the page, and whole millimetres."""
    across, down = where(place, seen)
    return {
        "where": names[3 * down + across],
        "x": f"{place.x_pt * MM_PER_PT:.0f}",
        "y": f"{place.y_pt * MM_PER_PT:.0f}",
    }


def _third(at: float, length: float) -> int:
    return min(2, int(3 * at / length))


def _within(at: float, most: float) -> float:
    return round(max(0.0, min(at, most)), 2)


def _meet(one: Rect, other: Rect) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1
