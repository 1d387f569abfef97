"""Where a face lies: from the page as its reader sees it to the page's own space, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from bubuh.pdf.model import LEAST_SIDE_PT, MOST_SIDE_PT, Facts, PageBox, Place, Rect
from bubuh.pdf.refusals import FaceSize, OutsidePage

Point = tuple[float, float]

SLACK_PT: Final = 0.005  #: what rounding to two decimals may cost a client at the page's edge


def seen_size(box: PageBox) -> Point:
    """Width and height, in points, of the page as its reader sees it."""
    width, height = box.crop.width * box.user_unit, box.crop.height * box.user_unit
    return (height, width) if box.rotate in {90, 270} else (width, height)


def to_page_space(place: Place, box: PageBox) -> Rect:
    """The face's rectangle in the page's own space: /Rotate, CropBox and UserUnit undone.

    Raises:
        FaceSize: the side is not 40 to 120 points.
        OutsidePage: a corner falls outside the crop box; its pointer names the coordinate.

    Source: ISO 32000-2, 8.3.2.3 and table 31.
    """
    if not LEAST_SIDE_PT <= place.side_pt <= MOST_SIDE_PT:
        raise FaceSize(width=place.side_pt, least=LEAST_SIDE_PT, most=MOST_SIDE_PT)
    seen = seen_size(box)
    for pointer, start, room in (("/x", place.x_pt, seen[0]), ("/y", place.y_pt, seen[1])):
        if not (math.isfinite(start) and -SLACK_PT <= start <= room - place.side_pt + SLACK_PT):
            raise OutsidePage(pointer=pointer, x=place.x_pt, y=place.y_pt, width=place.side_pt, seen=seen)
    far = (place.x_pt + place.side_pt, place.y_pt + place.side_pt)
    return _around(_unseen(corner, box) for corner in ((place.x_pt, place.y_pt), far))


def check_place(facts: Facts, place: Place) -> Rect:
    """The face's rectangle, or the refusal that names the field at fault: page, width, x, y in this order."""
    return to_page_space(place, facts.box(place.page))


def as_seen(rect: Rect, box: PageBox) -> Rect:
    """`rect` of the page's own space as its reader sees it: points from the top left, y downwards."""
    return _around(_seen(corner, box) for corner in ((rect.x0, rect.y0), (rect.x1, rect.y1)))


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


def _unseen(point: Point, box: PageBox) -> Point:
    x, y = point[0] / box.user_unit, point[1] / box.user_unit
    width, height = box.crop.width, box.crop.height
    u, v = {0: (x, height - y), 90: (y, x), 180: (width - x, y), 270: (width - y, height - x)}[box.rotate]
    return box.crop.x0 + u, box.crop.y0 + v


def _seen(point: Point, box: PageBox) -> Point:
    u, v = point[0] - box.crop.x0, point[1] - box.crop.y0
    width, height = box.crop.width, box.crop.height
    x, y = {0: (u, height - v), 90: (v, u), 180: (width - u, v), 270: (height - v, width - u)}[box.rotate]
    return x * box.user_unit, y * box.user_unit


def _around(points: Iterable[Point]) -> Rect:
    xs, ys = zip(*points, strict=True)
    return Rect(min(xs), min(ys), max(xs), max(ys))
