"""Where the preview shows a face is where the stamp is in the PDF, whatever way the page is seen."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageChops

from bubuh.pdf.geometry import seen_size
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import PageBox, Place
from bubuh.pdf.preview import draw_page
from bubuh.web.stamp.places import TAPPED_PX, tapped
from tests.pdf.conftest import Desk

Sheet = Callable[..., bytes]

_HALF: int = 128  # a pixel of which the face covers half is on its edge
_NEAR_PT: float = 0.5
_FINE_PX: int = 4_000  # PDFium fills each pixel that a rectangle touches: it is measured on a fine picture
_SHARE = st.floats(0, 1)
_TURN = st.sampled_from([0, 90, 180, 270])
_CROP = st.none() | st.tuples(st.integers(0, 60), st.integers(0, 60))
_UNIT = st.sampled_from([1, 1.5, 0.75])


def red_page(sheet: Sheet, rotate: int, crop: tuple[int, int] | None, unit: float) -> bytes:
    """The second of two pages of different sizes, in a red of which neither ground nor frame of a face is."""

    def turn(pdf: pikepdf.Pdf) -> None:
        pdf.pages.append(pdf.pages[0])
        pdf.pages[0].obj.MediaBox = pikepdf.Array([0, 0, 400, 200])
        pdf.pages[1].obj.Contents = pdf.make_stream(b"1 0 0 rg -900 -900 3000 3000 re f\n")
        pdf.pages[1].obj.Rotate = rotate
        pdf.pages[1].obj.UserUnit = unit
        if crop is not None:
            pdf.pages[1].obj.CropBox = pikepdf.Array([20 + crop[0], 10, 260, 300 - crop[1]])

    return sheet(media=(10, 5, 270, 330), edit=turn)


def box_of(document: bytes) -> PageBox:
    return inspect(document).box(2)


def seen_at(desk: Desk, document: bytes, place: Place) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the stamp as the page is drawn with it, in points."""
    stamped = desk.affix(document, page=place.page, x_pt=place.x_pt, y_pt=place.y_pt, side_pt=place.side_pt)
    before, after = (draw_page(one, 2, width_px=_FINE_PX) for one in (document, stamped))
    assert (before.width_px, before.height_px) == (after.width_px, after.height_px)
    with Image.open(io.BytesIO(before.webp)) as old, Image.open(io.BytesIO(after.webp)) as new:
        red, green, blue = ImageChops.difference(old.convert("RGB"), new.convert("RGB")).split()
    changed = ImageChops.lighter(red, ImageChops.lighter(green, blue))
    found = changed.point(lambda value: 255 * (value > _HALF)).getbbox()
    assert found is not None
    wide, high = seen_size(box_of(document))
    across, down = wide / before.width_px, high / before.height_px
    assert max(across, down) < _NEAR_PT
    return found[0] * across, found[1] * down, found[2] * across, found[3] * down


@settings(max_examples=12, deadline=None)
@given(rotate=_TURN, crop=_CROP, unit=_UNIT, share=st.tuples(_SHARE, _SHARE), side=st.floats(40, 100))
def test_the_preview_shows_a_face_where_the_stamp_is(
    desk: Desk,
    sheet: Sheet,
    rotate: int,
    crop: tuple[int, int] | None,
    unit: float,
    share: tuple[float, float],
    side: float,
) -> None:
    """The page's picture is the page, edge to edge."""
    document = red_page(sheet, rotate, crop, unit)
    wide, high = seen_size(box_of(document))
    x, y = share[0] * (wide - side), share[1] * (high - side)
    seen = seen_at(desk, document, Place(page=2, x_pt=x, y_pt=y, side_pt=side))
    for edge, wanted in zip(seen, (x, y, x + side, y + side), strict=True):
        assert abs(edge - wanted) <= _NEAR_PT


@settings(max_examples=8, deadline=None)
@given(rotate=_TURN, crop=_CROP, unit=_UNIT, share=st.tuples(_SHARE, _SHARE))
def test_a_tap_puts_the_stamp_where_the_finger_was(
    desk: Desk,
    sheet: Sheet,
    rotate: int,
    crop: tuple[int, int] | None,
    unit: float,
    share: tuple[float, float],
) -> None:
    document = red_page(sheet, rotate, crop, unit)
    box, side = box_of(document), 60.0
    wide, high = seen_size(box)
    scale = wide / TAPPED_PX
    x_px, y_px = int(share[0] * (TAPPED_PX - 1)), int(share[1] * (high / scale - 1))
    seen = seen_at(desk, document, tapped(x_px, y_px, 2, box, side_pt=side))
    middle = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    for at, pixel, length in zip(middle, (x_px, y_px), (wide, high), strict=True):
        finger = (pixel + 0.5) * scale
        assert abs(at - min(max(finger, side / 2), length - side / 2)) <= _NEAR_PT
