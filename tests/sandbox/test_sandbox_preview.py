"""What a page looks like is worked out in the sandbox, in bounds, as it would be outside."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image

from bubuh.core.errors import Refusal
from bubuh.pdf.picture import MOST_PIXELS, MOST_SIDE_PX
from bubuh.pdf.preview import WIDTH_PX, draw_page
from bubuh.pdf.refusals import PageOutOfRange
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.sandbox.calls import DRAW, DrawArguments
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
