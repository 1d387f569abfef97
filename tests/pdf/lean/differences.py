"""Where the lean reader and the second parser see different things in one document."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf

from bubuh.pdf.lean.pages import page_at
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import Dictionary, reference
from bubuh.pdf.rehearse import box_of

_INHERITED = {"/MediaBox", "/CropBox", "/Rotate", "/Resources"}


def differences(document: bytes) -> list[str]:
    """What differs: catalog, first and last page, their boxes, the object count; raises `Declined`."""
    reader = Document(document)
    root = reference(reader.chain.entry(b"/Root"))
    catalog = reader.dictionary(root)
    found: list[str] = []
    with pikepdf.open(io.BytesIO(document), attempt_recovery=False, suppress_warnings=True) as pdf:
        if reader.chain.highest + 1 < int(pdf.trailer.Size):
            found.append("size")
        if pdf.Root.objgen != root or _keys(catalog) != set(pdf.Root.keys()):
            found.append("catalog")
        for number in {1, len(pdf.pages)}:
            seen, page = pdf.pages[number - 1], page_at(reader, catalog, number)
            if seen.objgen != page.ref or not _same_keys(page.dictionary, seen.obj):
                found.append(f"page {number}")
            if box_of(seen) != page.box:
                found.append(f"box of page {number}")
    return found


def differences_in(path: Path) -> list[str]:
    """The same for a file."""
    return differences(path.read_bytes())


def _same_keys(ours: Dictionary, theirs: pikepdf.Object) -> bool:
    """The second parser moves what pages inherit into them, and leaves out references to nothing."""
    missing = _keys(ours) - set(theirs.keys()) - _INHERITED
    dangling = all(reference(ours.get(key.encode("latin-1"))) is not None for key in missing)
    return dangling and set(theirs.keys()) - _INHERITED <= _keys(ours)


def _keys(found: Dictionary) -> set[str]:
    return {key.decode("latin-1") for key in found.values if found.get(key) is not None}
