"""Where the preview shows a face is where the stamp is in the PDF, whatever way the page is seen."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
from hypothesis import given, settings, strategies as st
from PIL import Image, ImageChops

from bubuh.pdf.geometry import seen_size
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.preview import draw_page
from tests.pdf.conftest import Desk

Sheet = Callable[..., bytes]

_HALF: int = 128  # a pixel of which the face covers half is on its edge
_ROUNDED_PT: float = 0.01  # of numbers as PDF writes them
_SHARE = st.floats(0, 1)


@settings(max_examples=25, deadline=None)
@given(
    rotate=st.sampled_from([0, 90, 180, 270]),
    crop=st.none() | st.tuples(st.integers(0, 60), st.integers(0, 60)),
    unit=st.sampled_from([1, 1.5, 0.75]),
    share=st.tuples(_SHARE, _SHARE),
    side=st.floats(40, 100),
)
def test_the_preview_shows_a_face_where_the_stamp_is(
    desk: Desk,
    sheet: Sheet,
    rotate: int,
    crop: tuple[int, int] | None,
    unit: float,
    share: tuple[float, float],
    side: float,
) -> None:
    """Within half a point, or a pixel where that is more: PDFium fills each one that a rectangle touches."""

    def turn(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Contents = pdf.make_stream(b"1 0 0 rg -900 -900 3000 3000 re f\n")
        pdf.pages[0].obj.Rotate = rotate
        pdf.pages[0].obj.UserUnit = unit
        if crop is not None:
            pdf.pages[0].obj.CropBox = pikepdf.Array([20 + crop[0], 10, 260, 300 - crop[1]])

    document = sheet(media=(10, 5, 270, 330), edit=turn)
    wide, high = seen_size(inspect(document).box(1))
    x, y = share[0] * (wide - side), share[1] * (high - side)
    before = draw_page(document, 1)
    after = draw_page(desk.affix(document, x_pt=x, y_pt=y, side_pt=side), 1)
    assert (before.width_px, before.height_px) == (after.width_px, after.height_px)
    with Image.open(io.BytesIO(before.webp)) as old, Image.open(io.BytesIO(after.webp)) as new:
        red, green, blue = ImageChops.difference(old.convert("RGB"), new.convert("RGB")).split()
    changed = ImageChops.lighter(
        red, ImageChops.lighter(green, blue)
    )  # neither its ground nor its frame is red
    found = changed.point(lambda value: 255 * (value > _HALF)).getbbox()
    assert found is not None
    across, down = wide / before.width_px, high / before.height_px
    seen = (found[0] * across, found[1] * down, found[2] * across, found[3] * down)
    for edge, wanted in zip(seen, (x, y, x + side, y + side), strict=True):
        assert abs(edge - wanted) <= max(0.5, across, down) + _ROUNDED_PT
