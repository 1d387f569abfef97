"""What lies in a file and is not shown: prepared, perhaps, to be shown once it is stamped.

Who appends a line to a stamped file can have readers begin at another catalog, if one is there. The checker
calls such a file altered, other readers may not: it is not to be stamped in the first place.

Source: Mainka, Mladenov, Rohlmann, "Shadow Attacks", NDSS 2021 (hide and replace).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pikepdf
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.reader import MOST_DEPTH
from bubuh.pdf.intake.survey import Item, name_of
from bubuh.pdf.refusals import DocumentRefused, Reason

_OF_A_TREE: Final = re.compile(rb"/Type /(?:Catalog|Pages|Page) ")
_FIELD: Final = b"/Subtype /Widget "
_WHITE: Final = rb"\x00\t\n\f\r "
_OBJ: Final = re.compile(rb"obj(?<=[" + _WHITE + rb"]obj)")
_BACKWARDS: Final = re.compile(rb"[" + _WHITE + rb"]+\d+[" + _WHITE + rb"]+\d+")
_NEAR_BYTES: Final = 64
_BLANK: Final = b"\0\t\n\f\r "
_STREAM: Final = re.compile(rb"stream\r?\n")

ObjGen = tuple[int, int]


def check_hidden(pdf: pikepdf.Pdf, items: Iterable[Item]) -> bool:
    """Whether pages lie in the file that the document does not have.

    Raises `DocumentRefused` when a whole second document does: a catalog with pages of its own.
    """
    of_trees = [item.holder for item in items if not item.is_stream and _OF_A_TREE.search(item.text)]
    shown = _tree(pdf)
    unseen = [holder for holder in of_trees if holder.is_indirect and holder.objgen not in shown]
    if any(name_of(holder, "/Type") == "/Catalog" for holder in unseen):
        raise DocumentRefused(reason=Reason.HIDDEN_CONTENT, what="catalog")
    return any(name_of(holder, "/Type") == "/Page" or holder.get("/Kids") for holder in unseen)


def check_fields(pdf: pikepdf.Pdf, items: Iterable[Item]) -> None:
    """Refuse fields on pages while the document has no form: more readers draw them once it has one."""
    if "/AcroForm" in pdf.Root or not any(_FIELD in item.text for item in items):
        return
    if any(
        name_of(note, "/Subtype") == "/Widget" for page in pdf.pages for note in page.obj.get("/Annots", ())
    ):
        raise DocumentRefused(reason=Reason.AMBIGUOUS, differs="fields")


def _tree(pdf: pikepdf.Pdf) -> set[ObjGen]:
    """The catalog and all nodes of the page tree."""
    shown = {pdf.Root.objgen}
    ahead = [(pdf.Root.Pages, 0)]
    while ahead:
        node, depth = ahead.pop()
        if not isinstance(node, pikepdf.Dictionary) or node.objgen in shown or depth > MOST_DEPTH:
            continue
        shown.add(node.objgen)
        ahead += [(kid, depth + 1) for kid in node.get("/Kids", ())]
    return shown


def check_unlisted(document: bytes, reader: PdfFileReader, pdf: pikepdf.Pdf) -> None:
    """Refuse objects that no cross-reference lists: a reader that repairs the file would find them.

    What lies within a stream, such as an attached PDF, is not an object of this file.
    """
    listed, past = sorted(_offsets(reader)), 0
    for begins in _heads(document):
        if begins < past:
            continue
        at = bisect_right(listed, begins)
        before = listed[at - 1] if at else begins
        if at and not document[before:begins].strip(_BLANK):
            continue
        past = _end_of_stream(document, pdf, before, begins)
        if past <= begins:
            raise DocumentRefused(reason=Reason.HIDDEN_CONTENT, what="object", offset=begins)


def _heads(document: bytes) -> Iterator[int]:
    """Where something begins that looks like an object."""
    for found in _OBJ.finditer(document):
        end = found.start()
        head = _BACKWARDS.match(document[max(0, end - _NEAR_BYTES) : end][::-1])
        if head is not None:
            yield end - head.end()


def _offsets(reader: PdfFileReader) -> Iterator[int]:
    """Where the objects of all revisions begin, and their cross-references."""
    for revision in range(reader.xrefs.total_revisions):
        data = reader.xrefs.get_xref_data(revision)
        yield from (offset for _generation, offset in data.standard_xrefs.values())
        yield reader.xrefs.get_xref_container_info(revision).start_location


def _end_of_stream(document: bytes, pdf: pikepdf.Pdf, before: int, begins: int) -> int:
    """Where the stream ends that the object at `before` is and that goes on at `begins`; 0 when none does."""
    data = _STREAM.search(document, before, begins)
    if data is None:
        return 0
    ends = document.find(b"endstream", data.end())
    if ends > begins:
        return ends
    number, generation = (int(word) for word in document[before : before + _NEAR_BYTES].split()[:2])
    found = pdf.get_object((number, generation))
    length: Any = found.get("/Length", 0) if isinstance(found, pikepdf.Stream) else 0
    return data.end() + int(length)
