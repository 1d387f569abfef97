"""The page tree: which object is the page that is asked for, and how it is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import Dictionary, Ref, decimal, integer, items, reference, references
from bubuh.pdf.model import PageBox
from bubuh.pdf.pagetree import page_box

MOST_DEPTH: Final = 32
MOST_NODES: Final = 4000
_MANY_KIDS: Final = 8
_BOX: Final = re.compile(rb"\[" + rb"[ \n]+".join([rb" *(-?\d+(?:\.\d+)?)"] * 4) + rb" *\]")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its object and how it is seen."""

    ref: Ref
    dictionary: Dictionary
    box: PageBox


@dataclass(frozen=True, slots=True)
class _Inherited:
    media: bytes | None = None
    crop: bytes | None = None
    rotate: bytes | None = None

    def under(self, node: Dictionary) -> _Inherited:
        return _Inherited(
            media=node.get(b"/MediaBox") or self.media,
            crop=node.get(b"/CropBox") or self.crop,
            rotate=node.get(b"/Rotate") or self.rotate,
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """A node of the tree that is still to be visited."""

    ref: Ref
    inherited: _Inherited
    depth: int = 0
    is_page: bool = False  #: as its parent's count says


def page_at(document: Document, catalog: Dictionary, wanted: int) -> Page:
    """The page of that number, from 1; raises `Declined`, also when there is none.

    A node with many kids that counts as many pages is believed to have one page in each.
    """
    top = reference(catalog.get(b"/Pages"))
    if top is None:
        raise Declined(Why.PAGES, "no tree")
    ahead, seen, left = [_Step(top, _Inherited())], set[Ref](), wanted
    while ahead:
        step = ahead.pop()
        if step.ref in seen or step.depth > MOST_DEPTH or len(seen) > MOST_NODES:
            raise Declined(Why.PAGES, "a node twice, too deep or too many")
        seen.add(step.ref)
        node = document.dictionary(step.ref)
        if b"/Kids" not in node.values:
            left -= 1
            if left == 0:
                return _page(document, step, node)
        elif step.is_page:
            raise Declined(Why.PAGES, "a page that is none")
        else:
            kids, left = _kids(document, step, node, left)
            ahead.extend(reversed(kids))
    raise Declined(Why.PAGES, "no such page")


def _kids(document: Document, step: _Step, node: Dictionary, left: int) -> tuple[list[_Step], int]:
    """The kids to visit, and how many pages on the wanted one is: where they are as many, only that one."""
    written = document.resolved(node.get(b"/Kids"))
    kids = references(written or b"")
    inherited, depth = step.inherited.under(node), step.depth + 1
    if len(kids) < _MANY_KIDS or integer(document.resolved(node.get(b"/Count"))) != len(kids):
        return [_Step(kid, inherited, depth) for kid in kids], left
    if len(set(kids)) != len(kids):
        raise Declined(Why.PAGES, "a page twice")
    if left > len(kids):
        return [], left - len(kids)
    return [_Step(kids[left - 1], inherited, depth, is_page=True)], 1


def _page(document: Document, step: _Step, node: Dictionary) -> Page:
    if node.get(b"/Type") != b"/Page":
        raise Declined(Why.PAGES, "a leaf that does not say that it is a page")
    own = step.inherited.under(node)
    rotate, unit = document.resolved(own.rotate), document.resolved(node.get(b"/UserUnit"))
    box = page_box(
        _numbers(document, own.media),
        None if own.crop is None else _numbers(document, own.crop),
        0 if rotate is None else integer(rotate),
        1.0 if unit is None else decimal(unit),
    )
    return Page(step.ref, node, box)


def _numbers(document: Document, written: bytes | None) -> list[float]:
    plain = None if written is None else _BOX.fullmatch(written)
    if plain is not None:
        return [float(corner) for corner in plain.groups()]
    found = items(document.resolved(written) or b"")
    if len(found) != 4:
        raise Declined(Why.PAGES, "a box of other than four numbers")
    return [decimal(item) for item in found]
