"""A face is seen where it was put, upright, and nothing else changes: judged from renderings."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image

from bubuh.pdf.geometry import seen_size, to_page_space
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import PageBox, Place
from tests.pdf.conftest import SERIAL, URL, Desk
from tests.pdf.pixels import by_pdfium, by_poppler, changed

Draw = Callable[..., Image.Image | None]
Sheet = Callable[..., bytes]


@pytest.mark.oracle
@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90])
@pytest.mark.parametrize("crop", [None, (120, 70, 500, 700)])
@pytest.mark.parametrize("holder", ["page", "tree"])
def test_the_face_is_seen_upright_where_it_was_put(
    desk: Desk, sheet: Sheet, rotate: int, crop: tuple[int, ...] | None, holder: str
) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")

    def turn(pdf: pikepdf.Pdf) -> None:
        node = pdf.Root.Pages if holder == "tree" else pdf.pages[1].obj
        node.Rotate = rotate
        if crop is not None:
            node.CropBox = pikepdf.Array(crop)

    document = sheet(pages=2, media=(100, 50, 695, 892), edit=turn)
    box = inspect(document).boxes[1]
    width, height = seen_size(box)
    x, y, side = width - 130, height - 145, 110.0
    picture = _rendered(desk.affix(document, page=2, x_pt=x, y_pt=y, side_pt=side), page=2, scale=3)
    assert (picture.width, picture.height) == pytest.approx((3 * width, 3 * height), abs=3)
    codes = zxingcpp.read_barcodes(picture)
    assert [code.text for code in codes] == [URL + SERIAL]
    corner = codes[0].position
    assert abs(codes[0].orientation) <= 2
    face = (3 * x, 3 * y, 3 * (x + side), 3 * (y + side))
    assert face[0] < corner.top_left.x < corner.bottom_right.x < face[2]
    assert face[1] < corner.top_left.y < corner.bottom_right.y < face[3]
    middle = (
        (corner.top_left.x + corner.bottom_right.x) / 2,
        (corner.top_left.y + corner.bottom_right.y) / 2,
    )
    assert middle == pytest.approx((3 * (x + 0.5 * side), 3 * (y + (1 - 0.536) * side)), abs=6)


def test_a_larger_unit_makes_a_smaller_rectangle(desk: Desk, sheet: Sheet) -> None:
    def enlarge(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.UserUnit = 2.5

    document = sheet(edit=enlarge)
    box = inspect(document).boxes[0]
    assert box.user_unit == 2.5
    with pikepdf.open(io.BytesIO(desk.affix(document, x_pt=50, y_pt=100, side_pt=80))) as pdf:
        rect = [float(value) for value in pdf.Root.AcroForm.Fields[0].Rect]
    assert rect == pytest.approx([20, 842 - 40 - 32, 52, 842 - 40])


@pytest.mark.oracle
@pytest.mark.parametrize(("draw", "program"), [(by_pdfium, "sh"), (by_poppler, "pdftoppm")])
def test_nothing_changes_outside_the_face(
    desk: Desk, sample: bytes, draw: Draw, program: str, oracle: Callable[[str], str]
) -> None:
    oracle(program)
    before = draw(sample, scale=2)
    after = draw(desk.affix(sample, x_pt=60, y_pt=60, side_pt=100), scale=2)
    assert before is not None
    assert after is not None
    assert changed(before, after) == pytest.approx((120, 120, 320, 320), abs=2)


@pytest.mark.oracle
def test_the_code_decodes_over_text_and_at_the_smallest_size(desk: Desk, letter: bytes) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    stamped = desk.affix(letter, x_pt=70, y_pt=250, side_pt=40)
    codes = zxingcpp.read_barcodes(_rendered(stamped, page=1, scale=4))
    assert [code.text for code in codes] == [URL + SERIAL]


def test_the_planned_rectangle_is_the_one_the_place_names(desk: Desk, letter: bytes) -> None:
    place = Place(page=1, x_pt=33.3, y_pt=44.4, side_pt=55.5)
    box: PageBox = inspect(letter).box(1)
    rect = to_page_space(place, box)
    with pikepdf.open(io.BytesIO(desk.affix(letter, x_pt=33.3, y_pt=44.4, side_pt=55.5))) as pdf:
        found = [float(value) for value in pdf.Root.AcroForm.Fields[0].Rect]
    assert found == pytest.approx([rect.x0, rect.y0, rect.x1, rect.y1], abs=1e-3)


def _rendered(document: bytes, *, page: int, scale: float):  # a PIL image
    pypdfium2 = pytest.importorskip("pypdfium2")
    pdf = pypdfium2.PdfDocument(document)
    pdf.init_forms()
    return pdf[page - 1].render(scale=scale).to_pil().convert("RGB")
