"""Where a face lies: from the page as its reader sees it to the page's own space, and back."""

from __future__ import annotations

import math
from typing import Any, Final

from bubuh.pdf.model import LEAST_SIDE_PT, MOST_SIDE_PT, PageBox, Place, Rect
from bubuh.pdf.refusals import FaceSize, OutsidePage

Point = tuple[float, float]

#: What readers take for a page that has no /MediaBox, though it must: US Letter. (PDFium, poppler, qpdf.)
LETTER: Final = (0, 0, 612, 792)
SLACK_PT: Final = 0.005  #: what rounding to two decimals may cost a client at the page's edge


def seen_size(box: PageBox) -> Point:
    """Width and height, in points, of the page as its reader sees it."""
    crop, unit = box.crop, box.user_unit
    width, height = (crop.x1 - crop.x0) * unit, (crop.y1 - crop.y0) * unit
    return (height, width) if box.rotate in {90, 270} else (width, height)


def to_page_space(place: Place, box: PageBox) -> Rect:
    """The face's rectangle in the page's own space: /Rotate, CropBox and UserUnit undone.

    Raises:
        FaceSize: the side is not 40 to 120 points.
        OutsidePage: a corner falls outside the crop box; its pointer names the coordinate.

    Source: ISO 32000-2, 8.3.2.3 and table 31.
    """
    x, y, side = place.x_pt, place.y_pt, place.side_pt
    if not LEAST_SIDE_PT <= side <= MOST_SIDE_PT:
        raise FaceSize(width=side, least=LEAST_SIDE_PT, most=MOST_SIDE_PT)
    wide, high = seen_size(box)
    if not (math.isfinite(x) and -SLACK_PT <= x <= wide - side + SLACK_PT):
        raise OutsidePage(pointer="/x", x=x, y=y, width=side, seen=(wide, high))
    if not (math.isfinite(y) and -SLACK_PT <= y <= high - side + SLACK_PT):
        raise OutsidePage(pointer="/y", x=x, y=y, width=side, seen=(wide, high))
    return _around(_unseen(x, y, box), _unseen(x + side, y + side, box))


def as_seen(rect: Rect, box: PageBox) -> Rect:
    """`rect` of the page's own space as its reader sees it: points from the top left, y downwards."""
    return _around(_seen(rect.x0, rect.y0, box), _seen(rect.x1, rect.y1, box))


def square(place: Place) -> Rect:
    """The face as seen: points from the top left, y downwards."""
    return Rect(place.x_pt, place.y_pt, place.x_pt + place.side_pt, place.y_pt + place.side_pt)


def upright(rotate: int, side: float) -> tuple[float, float, float, float, float, float]:
    """The matrix that turns a square of `side` against the page's /Rotate, so that it is seen upright."""
    return {
        0: (1, 0, 0, 1, 0, 0),
        90: (0, 1, -1, 0, side, 0),
        180: (-1, 0, 0, -1, side, side),
        270: (0, -1, 1, 0, 0, side),
    }[rotate]


def page_box(media: Any, crop: Any, rotate: Any, user_unit: Any) -> PageBox:
    """How a page with these entries (None: absent) is seen; raises ValueError when they make no page."""
    whole = _rect(LETTER if media is None else media)
    seen = whole if crop is None else _meet(whole, _rect(crop))
    turn, unit = int(rotate), float(user_unit)
    if turn % 90 or not 0 < unit < math.inf:
        raise ValueError("a page is turned by quarters and has a positive unit")
    return PageBox(crop=seen, rotate=turn % 360, user_unit=unit)


def _unseen(x_pt: float, y_pt: float, box: PageBox) -> Point:
    crop, x, y = box.crop, x_pt / box.user_unit, y_pt / box.user_unit
    match box.rotate:
        case 0:
            return crop.x0 + x, crop.y1 - y
        case 90:
            return crop.x0 + y, crop.y0 + x
        case 180:
            return crop.x1 - x, crop.y0 + y
        case _:
            return crop.x1 - y, crop.y1 - x


def _seen(x: float, y: float, box: PageBox) -> Point:
    crop, unit = box.crop, box.user_unit
    match box.rotate:
        case 0:
            return (x - crop.x0) * unit, (crop.y1 - y) * unit
        case 90:
            return (y - crop.y0) * unit, (x - crop.x0) * unit
        case 180:
            return (crop.x1 - x) * unit, (y - crop.y0) * unit
        case _:
            return (crop.y1 - y) * unit, (crop.x1 - x) * unit


def _around(one: Point, other: Point) -> Rect:
    (x0, y0), (x1, y1) = one, other
    return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _rect(values: Any) -> Rect:
    left, bottom, right, top = float(values[0]), float(values[1]), float(values[2]), float(values[3])
    if left > right:
        left, right = right, left
    if bottom > top:
        bottom, top = top, bottom
    if not (0 < right - left < math.inf and 0 < top - bottom < math.inf):
        raise ValueError("a page box without area")
    return Rect(left, bottom, right, top)


def _meet(media: Rect, crop: Rect) -> Rect:
    met = Rect(max(media.x0, crop.x0), max(media.y0, crop.y0), min(media.x1, crop.x1), min(media.y1, crop.y1))
    return met if met.width > 0 and met.height > 0 else media
