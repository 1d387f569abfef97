"""The page tree: which object is the page that is asked for, and how it is seen."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bubuh.pdf.geometry import page_box
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.reader import Objects
from bubuh.pdf.lean.tokens import Dictionary, Ref, decimal, integer, items, reference, references
from bubuh.pdf.model import PageBox

MOST_DEPTH: Final = 32
MOST_NODES: Final = 4000
_MANY_KIDS: Final = 8
_BOX: Final = re.compile(rb"\[" + rb"[ \n]+".join([rb" *(-?\d+(?:\.\d+)?)"] * 4) + rb" *\]")


class Page(NamedTuple):
    """One page: its object and how it is seen."""

    ref: Ref
    dictionary: Dictionary
    box: PageBox


#: A node of the tree that is still to be visited: /MediaBox, /CropBox and /Rotate that it inherits, how deep
#: it is, and whether it must be a page, as its parent's count says.
_Step = tuple[Ref, bytes | None, bytes | None, bytes | None, int, bool]


def page_at(document: Objects, catalog: Dictionary, wanted: int) -> Page:
    """The page of that number, from 1; raises `Declined`, also when there is none.

    A node with many kids that counts as many pages is believed to have one page in each.
    """
    top = reference(catalog.values.get(b"/Pages"))
    if top is None:
        raise Declined(Why.PAGES, "no tree")
    ahead: list[_Step] = [(top, None, None, None, 0, False)]
    seen: set[Ref] = set()
    left = wanted
    while ahead:
        ref, media, crop, rotate, depth, is_page = ahead.pop()
        if ref in seen or depth > MOST_DEPTH or len(seen) > MOST_NODES:
            raise Declined(Why.PAGES, "a node twice, too deep or too many")
        seen.add(ref)
        node = document.dictionary(ref)
        get = node.values.get
        media, crop, rotate = get(b"/MediaBox") or media, get(b"/CropBox") or crop, get(b"/Rotate") or rotate
        if b"/Kids" not in node.values:
            left -= 1
            if left == 0:
                return Page(ref, node, _box(document, node, media, crop, rotate))
        elif is_page:
            raise Declined(Why.PAGES, "a page that is none")
        else:
            kids, left, are_pages = _kids(document, node, left)
            ahead += [(kid, media, crop, rotate, depth + 1, are_pages) for kid in reversed(kids)]
    raise Declined(Why.PAGES, "no such page")


def _kids(document: Objects, node: Dictionary, left: int) -> tuple[list[Ref], int, bool]:
    """The kids to visit, which page under them is wanted, and whether they must be pages.

    Where a node counts as many pages as it has kids, only the wanted one is visited.
    """
    kids = references(document.resolved(node.values.get(b"/Kids")) or b"")
    if len(kids) < _MANY_KIDS or integer(document.resolved(node.values.get(b"/Count"))) != len(kids):
        return kids, left, False
    if len(set(kids)) != len(kids):
        raise Declined(Why.PAGES, "a page twice")
    if left > len(kids):
        return [], left - len(kids), True
    return [kids[left - 1]], 1, True


def _box(
    document: Objects, node: Dictionary, media: bytes | None, crop: bytes | None, rotate: bytes | None
) -> PageBox:
    """How a page with these entries is seen."""
    if node.values.get(b"/Type") != b"/Page":
        raise Declined(Why.PAGES, "a leaf that does not say that it is a page")
    unit = node.values.get(b"/UserUnit")
    return page_box(
        None if media is None else _numbers(document, media),
        None if crop is None else _numbers(document, crop),
        0 if rotate is None else integer(document.resolved(rotate) or b"0"),
        1.0 if unit is None else decimal(document.resolved(unit) or b"1"),
    )


def _numbers(document: Objects, written: bytes) -> list[float]:
    plain = _BOX.fullmatch(written)
    if plain is not None:
        return [float(corner) for corner in plain.groups()]
    found = items(document.resolved(written) or b"")
    if len(found) != 4:
        raise Declined(Why.PAGES, "a box of other than four numbers")
    return [decimal(document.resolved(item) or b"") for item in found]
