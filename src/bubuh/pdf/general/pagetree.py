"""The page tree as the first parser sees it: which object is which page, and how it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic

from bubuh.pdf.general.objects import target
from bubuh.pdf.general.reader import MOST_DEPTH, entry, raw_items
from bubuh.pdf.geometry import page_box
from bubuh.pdf.model import PageBox
from bubuh.pdf.refusals import DocumentRefused, PageOutOfRange, Reason

MOST_PAGES: Final = 2000
_MANY_KIDS: Final = 8


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where its object is, and how it is seen."""

    ref: generic.Reference
    box: PageBox


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page that was not read yet: its object and what it inherits."""

    raw: generic.IndirectObject
    inherited: _Inherited

    def read(self) -> Page:
        """The page itself, at the end of however many nodes with one kid each.

        Raises ValueError when the tree said wrongly that there is one page here.
        """
        raw, now = self.raw, self.inherited
        for _ in range(MOST_DEPTH):
            node = target(raw)
            now = now.under(node)
            if "/Kids" not in node:
                box = page_box(now.media, now.crop, now.rotate, entry(node, "/UserUnit", 1))
                return Page(raw.reference, box)
            (raw,) = raw_items(node["/Kids"])
        raise DocumentRefused(reason=Reason.TOO_DEEP)


def leaves(reader: Any) -> Iterator[Leaf]:
    """The pages in reading order, not yet read; `reader` may be a historical view.

    A node with many kids that counts as many pages is believed to have one page in each: reading
    hundreds to reach one costs more than the stamp. `Leaf.read` and the second parser notice a lie.
    """
    walk = _walk(reader.root.raw_get("/Pages"), _Inherited(), depth=0, seen=set())
    for count, leaf in enumerate(walk, start=1):
        if count > MOST_PAGES:
            raise DocumentRefused(reason=Reason.TOO_MANY_PAGES, most=MOST_PAGES)
        yield leaf


def is_page(reader: Any, ref: generic.Reference) -> bool:
    """Whether an object is a page of the tree: each parent has it among its kids, up to the root."""
    top = reader.root.raw_get("/Pages")
    node = reader.get_object(ref)
    if not isinstance(node, generic.DictionaryObject) or "/Kids" in node:
        return False
    for _ in range(MOST_DEPTH):
        if ref == top.reference:
            return True
        parent = node.raw_get("/Parent") if "/Parent" in node else None
        if not isinstance(parent, generic.IndirectObject):
            return False
        node = target(parent)
        if ref not in {getattr(kid, "reference", None) for kid in raw_items(node["/Kids"])}:
            return False
        ref = parent.reference
    return False


def page_number(reader: Any, wanted: generic.Reference | None) -> int | None:
    """Which page an object is, from 1; None when it is none."""
    listed = (number for number, leaf in enumerate(leaves(reader), start=1) if leaf.raw.reference == wanted)
    deeper = (number for number, leaf in enumerate(leaves(reader), start=1) if leaf.read().ref == wanted)
    return next(listed, None) or next(deeper, None)


def page_at(reader: Any, wanted: int) -> Page:
    """The page of that number, from 1; raises `PageOutOfRange`."""
    count = 0
    for count, leaf in enumerate(leaves(reader), start=1):
        if count == wanted:
            return leaf.read()
    raise PageOutOfRange(page=wanted, pages=count)


@dataclass(frozen=True, slots=True)
class _Inherited:
    media: Any = None
    crop: Any = None
    rotate: Any = 0

    def under(self, node: generic.DictionaryObject) -> _Inherited:
        return _Inherited(
            media=entry(node, "/MediaBox", self.media),
            crop=entry(node, "/CropBox", self.crop),
            rotate=entry(node, "/Rotate", self.rotate),
        )


def _walk(raw: Any, inherited: _Inherited, *, depth: int, seen: set[generic.Reference]) -> Iterator[Leaf]:
    _check_node(raw, depth, seen)
    node = target(raw)
    if "/Kids" not in node:
        yield Leaf(raw, inherited)
        return
    now, kids = inherited.under(node), node["/Kids"]
    if len(kids) < _MANY_KIDS or entry(node, "/Count") != len(kids):
        for kid in raw_items(kids):
            yield from _walk(kid, now, depth=depth + 1, seen=seen)
        return
    for kid in raw_items(kids):
        _check_node(kid, depth + 1, seen)
        yield Leaf(kid, now)


def _check_node(raw: Any, depth: int, seen: set[generic.Reference]) -> None:
    if not isinstance(raw, generic.IndirectObject):
        raise ValueError("a node of the page tree is not an indirect object")  # noqa: TRY004 - one wrapper
    if depth > MOST_DEPTH:
        raise DocumentRefused(reason=Reason.TOO_DEEP)
    if raw.reference in seen:
        raise ValueError("a node of the page tree occurs twice")
    seen.add(raw.reference)
