"""Inspect a stranger's document before any quota is touched: facts, or a refusal with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.model import Facts, PageBox
from bubuh.pdf.pagetree import leaves
from bubuh.pdf.proof import covered_digest, taken_from
from bubuh.pdf.reader import Field, check_shape, entry, fields, form_of, highest_object, open_reader
from bubuh.pdf.refusals import LOOSE_REFERENCE, DocumentRefused, Reason, refusing_damage
from bubuh.pdf.rehearse import box_of, open_pdf
from bubuh.pdf.revisions import breaches, covered, loose_ends
from bubuh.pdf.signatures import Signed, is_whole, serial_in, signatures
from bubuh.pdf.tiling import Breach

#: Names of actions that do something by themselves. Source: ISO 32000-2, table 201
_ACTIVE: Final = {"/JavaScript": "javascript", "/Launch": "launch", "/ImportData": "import_data"}


_NEW_OBJECTS: Final = 8  #: more than a stamp adds


@refusing_damage
def inspect(document: bytes) -> Facts:
    """What `document` is, when it may be stamped.

    Refusals come in a fixed order: shape, structure, encryption, certification, XFA, limits, agreement of the
    two parsers, earlier signatures.

    Raises:
        DocumentRefused: with one of `Reason`.
    """
    check_shape(document)
    reader = open_reader(document)
    signed = [field for field in fields(reader) if field.is_signed]
    _refuse_locked(reader, signed)
    count = sum(1 for _leaf in leaves(reader))
    if count == 0:
        raise DocumentRefused(reason=Reason.NO_PAGES)
    _refuse_loose_ends(document, reader)
    boxes, findings = _second_opinion(document, count)
    if signed and (broken := _broken_signatures(document, reader)):
        raise DocumentRefused(reason=Reason.SIGNATURE_BROKEN, broken=broken)
    return Facts(
        size_bytes=len(document),
        sha256=hashlib.sha256(document).digest(),
        version=".".join(map(str, reader.input_version)),
        pages=len(boxes),
        boxes=boxes,
        signatures=len(signed),
        earlier_stamps=tuple(filter(None, (serial_in(field.name) for field in signed))),
        encrypted=reader.encrypted,
        revisions=reader.xrefs.total_revisions,
        findings=findings,
    )


def _refuse_loose_ends(document: bytes, reader: PdfFileReader) -> None:
    """Refuse what waits for the objects that a stamp will bring: it would borrow them."""
    first = highest_object(reader) + 1
    if loose_ends(document, reader, range(first, first + _NEW_OBJECTS), reader.xrefs.total_revisions - 1):
        raise DocumentRefused(reason=Reason.AMBIGUOUS, differs=LOOSE_REFERENCE)


def _broken_signatures(document: bytes, reader: PdfFileReader) -> int:
    """How many signatures no longer fit the document; for stamps by our own rules, whoever made them."""
    found = signatures(reader)
    stamps = [signed for signed in found if signed.serial_no is not None]
    broken = sum(1 for signed in found if signed.serial_no is None and not is_whole(signed))
    broken += sum(1 for stamp in stamps if not _covers_its_revision(document, reader, stamp))
    if stamps:
        broken += len(breaches(document, reader, since=stamps[0].revision, signatures=found))
    return broken


def _covers_its_revision(document: bytes, reader: PdfFileReader, stamp: Signed) -> bool:
    try:
        sealed = covered(document, reader, stamp)
    except Breach:
        return False
    taken = taken_from(document, sealed)
    return taken is not None and taken.digest == covered_digest(document, sealed)


def _refuse_locked(reader: PdfFileReader, signed: list[Field]) -> None:
    """Refuse XFA, and what an earlier signer forbade: a stamp adds a field, which certification never allows.

    With P=2 and 3 a field that was there before certifying could be signed; ours never was.
    """
    form = form_of(reader)
    if form is not None and "/XFA" in form:
        raise DocumentRefused(reason=Reason.XFA)
    permissions = entry(reader.root, "/Perms")
    if isinstance(permissions, generic.DictionaryObject) and "/DocMDP" in permissions:
        raise DocumentRefused(reason=Reason.CERTIFIED)
    if any(_locks(field) for field in signed):
        raise DocumentRefused(reason=Reason.CERTIFIED)


def _locks(field: Field) -> bool:
    lock = entry(field.dictionary, "/Lock")
    if isinstance(lock, generic.DictionaryObject) and ("/P" in lock or _locks_all(lock)):
        return True
    return any(
        _forbids(reference.get_object()) for reference in entry(field.dictionary["/V"], "/Reference", ())
    )


def _forbids(reference: Any) -> bool:
    method = entry(reference, "/TransformMethod")
    return method == "/DocMDP" or (
        method == "/FieldMDP" and _locks_all(entry(reference, "/TransformParams", {}))
    )


def _locks_all(terms: Any) -> bool:
    return entry(terms, "/Action") in {"/All", "/Exclude"}


def _second_opinion(document: bytes, count: int) -> tuple[tuple[PageBox, ...], tuple[str, ...]]:
    """Boxes and findings of the second parser; refuse when it sees another number of pages."""
    with open_pdf(document) as pdf:
        if len(pdf.pages) != count:
            raise DocumentRefused(reason=Reason.AMBIGUOUS, differs="pages")
        findings = {name for item in pdf.objects for name in _active(item)}
        return tuple(map(box_of, pdf.pages)), tuple(sorted(findings))


def _active(item: Any) -> Iterator[str]:
    """What in one object acts by itself; nested actions are seen through /A, /AA and /OpenAction."""
    if not isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
        return
    for action in (item, item.get("/A"), item.get("/OpenAction")):
        if isinstance(action, pikepdf.Dictionary) and str(action.get("/S", "")) in _ACTIVE:
            yield _ACTIVE[str(action["/S"])]
    if "/JS" in item or "/JavaScript" in item:
        yield "javascript"
    if "/AA" in item:
        yield "additional_actions"
    if "/EmbeddedFiles" in item or item.get("/Type") == pikepdf.Name.EmbeddedFile:
        yield "embedded_file"
