from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, strategies as st

from bubuh.pdf.geometry import as_seen, seen_size, square, to_page_space, upright
from bubuh.pdf.model import Facts, PageBox, Place, Rect
from bubuh.pdf.refusals import FaceSize, OutsidePage, PageOutOfRange

A4 = PageBox(crop=Rect(0, 0, 595, 842))


def lengths(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def page_boxes(draw: st.DrawFn) -> PageBox:
    x0, y0 = draw(lengths(-2000, 2000)), draw(lengths(-2000, 2000))
    crop = Rect(x0, y0, x0 + draw(lengths(150, 3000)), y0 + draw(lengths(150, 3000)))
    unit = draw(st.sampled_from((1.0, 1.5, 2.0, 10.0)))
    return PageBox(crop=crop, rotate=draw(st.sampled_from((0, 90, 180, 270))), user_unit=unit)


@st.composite
def placed(draw: st.DrawFn) -> tuple[Place, PageBox]:
    box = draw(page_boxes())
    side = draw(lengths(40, 120))
    width, height = seen_size(box)
    x, y = draw(lengths(0, width - side)), draw(lengths(0, height - side))
    return Place(page=1, x_pt=x, y_pt=y, side_pt=side), box


@given(placed())
def test_a_face_lands_where_the_preview_showed_it(case: tuple[Place, PageBox]) -> None:
    place, box = case
    seen, wanted = as_seen(to_page_space(place, box), box), square(place)
    assert (seen.x0, seen.y0, seen.x1, seen.y1) == pytest.approx(
        (wanted.x0, wanted.y0, wanted.x1, wanted.y1), abs=0.01
    )


@given(placed())
def test_a_face_stays_inside_the_crop_box(case: tuple[Place, PageBox]) -> None:
    place, box = case
    rect = to_page_space(place, box)
    assert rect.x0 >= box.crop.x0 - 0.01
    assert rect.y0 >= box.crop.y0 - 0.01
    assert rect.x1 <= box.crop.x1 + 0.01
    assert rect.y1 <= box.crop.y1 + 0.01
    assert rect.width * box.user_unit == pytest.approx(place.side_pt, abs=0.01)


@given(case=placed(), by=lengths(0.02, 4000), pointer=st.sampled_from(("/x", "/y")), before=st.booleans())
def test_a_face_past_an_edge_is_refused_by_the_name_of_its_coordinate(
    case: tuple[Place, PageBox], by: float, pointer: str, *, before: bool
) -> None:
    place, box = case
    width, height = seen_size(box)
    room = (width if pointer == "/x" else height) - place.side_pt
    at = -by if before else room + by
    moved = Place(
        page=1,
        x_pt=at if pointer == "/x" else place.x_pt,
        y_pt=at if pointer == "/y" else place.y_pt,
        side_pt=place.side_pt,
    )
    assume(abs(at) < 1e9)
    with pytest.raises(OutsidePage) as refused:
        to_page_space(moved, box)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("side", [39.99, 120.01, 0, -40, math.nan, math.inf])
def test_a_face_has_40_to_120_points(side: float) -> None:
    with pytest.raises(FaceSize) as refused:
        to_page_space(Place(page=1, x_pt=10, y_pt=10, side_pt=side), A4)
    assert refused.value.pointer == "/width"


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_coordinate_is_a_number(at: float) -> None:
    with pytest.raises(OutsidePage):
        to_page_space(Place(page=1, x_pt=at, y_pt=10, side_pt=60), A4)


@pytest.mark.parametrize("page", [0, -1, 3])
def test_a_page_that_is_not_there_is_refused(page: int) -> None:
    facts = Facts(size_bytes=1, sha256=bytes(32), version="1.7", pages=2, boxes=(A4, A4))
    with pytest.raises(PageOutOfRange) as refused:
        facts.box(page)
    assert refused.value.pointer == "/page"
    assert refused.value.details == {"page": page, "pages": 2}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_an_upright_face_fills_its_own_square(rotate: int) -> None:
    a, b, c, d, e, f = upright(rotate, 100)
    corners = {(a * x + c * y + e, b * x + d * y + f) for x in (0, 100) for y in (0, 100)}
    assert corners == {(0, 0), (100, 0), (0, 100), (100, 100)}
