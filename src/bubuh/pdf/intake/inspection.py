"""Inspect a stranger's document before any quota is touched: facts, or a refusal with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.pagetree import leaves
from bubuh.pdf.general.reader import Field, check_shape, entry, fields, form_of, highest_object, open_reader
from bubuh.pdf.general.signatures import Signed, is_whole, serial_in, signatures, vouched_since
from bubuh.pdf.intake.active import check_active
from bubuh.pdf.intake.budget import check_budget
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.intake.hidden import check_fields, check_hidden, check_unlisted
from bubuh.pdf.intake.permissions import check_permissions
from bubuh.pdf.intake.survey import survey
from bubuh.pdf.judge.revisions import breaches, covered, loose_ends
from bubuh.pdf.judge.tiling import Breach
from bubuh.pdf.model import Facts, PageBox
from bubuh.pdf.refusals import LOOSE_REFERENCE, DocumentRefused, Reason, refusing_damage
from bubuh.pdf.rehearse import box_of, open_pdf
from bubuh.pdf.seal.proof import covered_digest, taken_from

_NEW_OBJECTS: Final = 8  #: more than a stamp adds
_READ_ONLY: Final = 1  #: a field's flags. Source: ISO 32000-2, tables 227 and 229
_PUSH_BUTTON: Final = 1 << 16


@refusing_damage
def inspect(document: bytes) -> Facts:
    """What `document` is, when it may be stamped.

    Refusals come in a fixed order: shape, structure, encryption, certification, XFA, limits, agreement of the
    two parsers, size when unpacked, active and hidden content, earlier signatures.

    Raises:
        DocumentRefused: with one of `Reason`.
    """
    check_shape(document)
    reader = open_reader(document)
    found = list(fields(reader))
    signed = [field for field in found if field.is_signed]
    is_certified = check_permissions(reader.root, signed)
    _refuse_forms(reader)
    count = sum(1 for _leaf in leaves(reader))
    if count == 0:
        raise DocumentRefused(reason=Reason.NO_PAGES)
    _refuse_loose_ends(document, reader)
    others = [field for field in signed if serial_in(field.name) is None]
    boxes, flags = _second_opinion(document, reader, count, is_signed=bool(others))
    if signed and (broken := _broken_signatures(document, reader)):
        raise DocumentRefused(reason=Reason.SIGNATURE_BROKEN, broken=broken)
    seen = {
        Flag.CERTIFIED: is_certified,
        Flag.FILLABLE: _is_fillable(found),
        Flag.EARLIER_VERSIONS: _is_rewritten(reader, signed),
    }
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
        flags=tuple(flag for flag in Flag if flag in flags or seen.get(flag)),
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
        broken += len(breaches(document, reader, since=vouched_since(stamps), signatures=found))
    return broken


def _covers_its_revision(document: bytes, reader: PdfFileReader, stamp: Signed) -> bool:
    try:
        sealed = covered(document, reader, stamp)
    except Breach:
        return False
    taken = taken_from(document, sealed)
    return taken is not None and taken.digest == covered_digest(document, sealed)


def _refuse_forms(reader: PdfFileReader) -> None:
    form = form_of(reader)
    if form is not None and "/XFA" in form:
        raise DocumentRefused(reason=Reason.XFA)


def _is_fillable(found: Iterable[Field]) -> bool:
    """Whether anything can still be filled in: buttons aside, what nobody locked or signed."""
    return any(
        not field.is_signed
        and not int(entry(field.dictionary, "/Ff", 0))
        & (_READ_ONLY | (_PUSH_BUTTON if field.kind == "/Btn" else 0))
        for field in found
    )


def _is_rewritten(reader: PdfFileReader, signed: Collection[Field]) -> bool:
    """Whether some revision, other than one that a signature brought, changed what was there."""
    if reader.xrefs.total_revisions == 1:
        return False
    brought = {found.revision for found in signatures(reader)} if signed else set[int]()
    known: set[int] = set()
    for revision in range(reader.xrefs.total_revisions):
        data = reader.xrefs.get_xref_data(revision)
        numbers = {number for number, _generation in data.explicit_refs_in_revision}
        if revision not in brought and not known.isdisjoint(numbers | set(data.freed) - {0}):
            return True
        known |= numbers
    return False


def _second_opinion(
    document: bytes, reader: PdfFileReader, count: int, *, is_signed: bool
) -> tuple[tuple[PageBox, ...], frozenset[Flag]]:
    """Boxes and flags of the second parser; refuse another number of pages, and what may not be in it.

    `is_signed`: by somebody else, who may have been shown other pages than those that will be.
    """
    with open_pdf(document) as pdf:
        if len(pdf.pages) != count:
            raise DocumentRefused(reason=Reason.AMBIGUOUS, differs="pages")
        items = survey(pdf)
        check_budget(items)
        flags = check_active(pdf, items)
        check_unlisted(document, reader, pdf)
        check_fields(pdf, items)
        if check_hidden(pdf, items):
            if is_signed:
                raise DocumentRefused(reason=Reason.HIDDEN_CONTENT, what="page")
            flags |= {Flag.UNUSED_PAGES}
        return tuple(map(box_of, pdf.pages)), flags
