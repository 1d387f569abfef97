"""What a page looks like is worked out in the sandbox, in bounds, as it would be outside."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image, ImageChops

from bubuh.bench.files import scan
from bubuh.core.errors import Refusal
from bubuh.pdf.geometry import as_seen, seen_size
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import Place, Rect
from bubuh.pdf.picture import MOST_PIXELS, MOST_SIDE_PX
from bubuh.pdf.preview import WIDTH_PX, draw_page
from bubuh.pdf.refusals import PageOutOfRange
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.sandbox.calls import COVER, DRAW, CoverArguments, DrawArguments
from tests.sandbox.test_sandbox_pdf import STRANGE, letter

LETTER = letter()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SyncSandbox]:
    with Sandbox.open_sync() as sandbox:
        yield sandbox


def sheet(width: float, height: float) -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(width, height))
        pdf.save(written)
    return written.getvalue()


def test_a_page_is_drawn_to_the_same_pixels_as_outside(sandbox: SyncSandbox) -> None:
    inside = sandbox.call(DRAW, DrawArguments(page=1), LETTER)
    outside = draw_page(LETTER, 1)
    assert (inside.width_px, inside.height_px) == (outside.width_px, outside.height_px)
    assert inside.width_px == WIDTH_PX
    with Image.open(io.BytesIO(inside.webp)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (inside.width_px, inside.height_px))
    assert len(inside.webp) < 40_000


def test_text_is_kept_whole_and_a_scan_small(sandbox: SyncSandbox) -> None:
    """Source: RFC 9649, 2.5 and 2.6: the first chunk tells whether a picture lost anything."""
    text = sandbox.call(DRAW, DrawArguments(page=1), LETTER)
    photograph = sandbox.call(DRAW, DrawArguments(page=1), scan())
    assert (text.webp[12:16], photograph.webp[12:16]) == (b"VP8L", b"VP8 ")


@pytest.mark.parametrize("size", [(3, 14_400), (14_400, 3), (14_400, 14_400), (3, 3), (595, 842)])
def test_no_page_makes_a_picture_past_its_bounds(size: tuple[float, float], sandbox: SyncSandbox) -> None:
    drawn = sandbox.call(DRAW, DrawArguments(page=1), sheet(*size))
    assert max(drawn.width_px, drawn.height_px) <= MOST_SIDE_PX
    assert drawn.width_px * drawn.height_px <= MOST_PIXELS
    assert drawn.is_sound()


@pytest.mark.parametrize("page", [0, -1, 2])
def test_a_page_that_is_not_there_is_refused(page: int, sandbox: SyncSandbox) -> None:
    with pytest.raises(PageOutOfRange):
        sandbox.call(DRAW, DrawArguments(page=page), LETTER)


@pytest.mark.parametrize("strange", STRANGE)
def test_what_cannot_be_drawn_is_refused(strange: bytes, sandbox: SyncSandbox) -> None:
    with pytest.raises(Refusal):
        sandbox.call(DRAW, DrawArguments(page=1), strange)


def test_a_picture_past_its_bounds_is_not_believed() -> None:
    drawn = draw_page(LETTER, 1)
    assert drawn.is_sound()
    for wrong in (
        replace(drawn, width_px=MOST_SIDE_PX + 1),
        replace(drawn, height_px=0),
        replace(drawn, webp=b"<svg>" + drawn.webp),
        replace(drawn, webp=b""),
    ):
        assert not wrong.is_sound()


def marked(rotate: int, *, unit: float = 1, ground: str = "") -> bytes:
    """A page with one short word at (150, 240) of its own space."""
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(400, 600))
        page = pdf.pages[0]
        page.obj.Rotate, page.obj.UserUnit = rotate, unit
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        text = f"{ground} 0 g BT /F 10 Tf 150 240 Td (Sari) Tj ET"
        page.obj.Contents = pdf.make_stream(text.encode())
        pdf.save(written)
    return written.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("unit", [1, 1.5])
@pytest.mark.parametrize("ground", ["", "0.8 g 0 0 400 600 re f"], ids=["white", "grey"])
def test_a_word_under_a_face_is_seen_however_the_page_lies(
    rotate: int, unit: float, ground: str, sandbox: SyncSandbox
) -> None:
    document = marked(rotate, unit=unit, ground=ground)
    box = inspect(document).box(1)
    word = as_seen(Rect(150, 240, 170, 248), box)
    wide, high = seen_size(box)
    over = Place(page=1, x_pt=word.x0 - 15, y_pt=word.y0 - 15, side_pt=60)
    beside = Place(page=1, x_pt=(word.x0 + wide / 2) % (wide - 60), y_pt=word.y0, side_pt=40)
    below = Place(page=1, x_pt=word.x0, y_pt=(word.y0 + high / 2) % (high - 60), side_pt=40)
    wanted = tuple((place, box) for place in (over, beside, below))
    assert sandbox.call(COVER, CoverArguments(wanted=wanted), document) == (True, False, False)


def test_what_a_scanner_makes_of_paper_is_no_mark(sandbox: SyncSandbox) -> None:
    shade = Image.linear_gradient("L").resize((800, 1200)).point(lambda value: 190 + value // 8)
    noise = Image.effect_noise((800, 1200), 12)
    scan = ImageChops.add(shade, noise, offset=-128).convert("L")
    written = io.BytesIO()
    scan.save(written, "PDF", resolution=144)
    with pikepdf.open(written) as pdf:
        pdf.save(again := io.BytesIO())
    document = again.getvalue()
    box = inspect(document).box(1)
    wanted = tuple((Place(page=1, x_pt=x, y_pt=y, side_pt=80), box) for x, y in ((10, 10), (300, 500)))
    assert sandbox.call(COVER, CoverArguments(wanted=wanted), document) == (False, False)
