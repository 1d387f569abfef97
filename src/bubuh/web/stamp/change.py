"""What a button on the page of places does to what is filled in: nothing is kept anywhere but in the form."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from bubuh.documents.model import Document
from bubuh.pdf.model import LEAST_SIDE_PT, MOST_SIDE_PT, Place
from bubuh.pdf.refusals import FaceSize, OutsidePage, PageOutOfRange
from bubuh.web.forms import Form
from bubuh.web.stamp.places import MOST_STAMPS, proposed, tapped
from bubuh.web.stamp.presets import USUAL_SIDE_PT, Preset, place_of
from bubuh.web.stamp.wanted import Filled

ACT: Final = "act"  #: name of the buttons: `add`, `edit-N`, `remove-N` (N from 0 in `more`), `page-N`

_NUMBERED: Final = re.compile(r"(edit|remove|page)-([0-9]{1,6})", re.ASCII)
_PIXELS: Final = re.compile(r"[0-9]{1,5}", re.ASCII)


def changed(form: Form, document: Document) -> Filled:
    """What `form` holds after its button, or the tap on its picture, has done its work."""
    filled = Filled.of(form)
    act, numbered = form.text(ACT), _NUMBERED.fullmatch(form.text(ACT))
    tap = _tapped_px(form)
    if tap is not None:
        return _at_tap(filled, document, tap)
    if act == "add":
        return _added(filled, document)
    if numbered is None:
        return filled
    if numbered[1] == "page":
        return replace(filled, page=numbered[2])
    return _without(filled, document, numbered[1], int(numbered[2]))


def shown_place(filled: Filled, document: Document) -> Place:
    """The place that is filled in, or the usual one of its page where that does not fit."""
    try:
        return filled.place(document)
    except (PageOutOfRange, FaceSize, OutsidePage):
        page = _page(filled, document)
        return place_of(Preset.BOTTOM_RIGHT, page, document.boxes[page - 1], side_pt=USUAL_SIDE_PT)


def _tapped_px(form: Form) -> tuple[int, int] | None:
    """Where the picture was tapped. Its upper left corner is what a browser sends of a key: no place."""
    x, y = form.text("tap.x"), form.text("tap.y")
    if not (_PIXELS.fullmatch(x) and _PIXELS.fullmatch(y)) or (x, y) == ("0", "0"):
        return None
    return int(x), int(y)


def _at_tap(filled: Filled, document: Document, tap: tuple[int, int]) -> Filled:
    page = _page(filled, document)
    place = tapped(*tap, page, document.boxes[page - 1], side_pt=_side_pt(filled))
    return filled.at(place, filled.others(document))


def _added(filled: Filled, document: Document) -> Filled:
    """One stamp more, on the same page, where it covers none of the others."""
    others = (*filled.others(document), shown_place(filled, document))
    if len(others) >= MOST_STAMPS:
        return filled
    page = others[-1].page
    return filled.at(proposed(page, document.boxes[page - 1], others, side_pt=_side_pt(filled)), others)


def _without(filled: Filled, document: Document, act: str, number: int) -> Filled:
    """The stamp of that number taken away, or taken up and this one laid beside the others."""
    others = filled.others(document)
    if number >= len(others):
        return filled
    left = [other for at, other in enumerate(others) if at != number]
    if act == "remove":
        return filled.at(shown_place(filled, document), left)
    return filled.at(others[number], [*left, shown_place(filled, document)])


def _page(filled: Filled, document: Document) -> int:
    return filled.page_no() if 1 <= filled.page_no() <= len(document.boxes) else 1


def _side_pt(filled: Filled) -> float:
    side_pt = filled.side_pt()
    return side_pt if LEAST_SIDE_PT <= side_pt <= MOST_SIDE_PT else USUAL_SIDE_PT
