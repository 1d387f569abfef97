"""T3: a damaged document is written anew by qpdf, so that the engine can read it.

What is written anew is another document: the same objects in another order, under the same look. So it is
done only where nothing was signed before, and never behind the owner's back.
"""

from __future__ import annotations

import io
from typing import Any, Final

import pikepdf

from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.look import looks_the_same
from bubuh.pdf.model import Normalised
from bubuh.pdf.refusals import DocumentRefused, Reason, refusing_damage

_BYTE_RANGE: Final = "/ByteRange"
_END: Final = b"%%EOF"
_TABLE: Final = b"startxref"
_TAIL_BYTES: Final = 1024


@refusing_damage
def repair(document: bytes) -> Normalised:
    """`document` written anew, and what inspection says of that.

    First with its tables of objects believed where they can be; when that fails, or looks otherwise than the
    document, once more from the objects themselves.

    Raises:
        DocumentRefused: `truncated` when the end was cut off: what is missing no repair brings back;
            `repair_breaks_signatures`, `repair_changed_look`; what inspection refuses in the new document;
            `damaged` when qpdf makes nothing of it.
    """
    if _END not in document[-_TAIL_BYTES:]:
        raise DocumentRefused(reason=Reason.TRUNCATED)
    if _BYTE_RANGE.encode() in document:
        raise DocumentRefused(reason=Reason.REPAIR_BREAKS_SIGNATURES)
    try:
        return _repaired(document, document)
    except DocumentRefused as refused:
        if refused.reason not in {Reason.DAMAGED, Reason.REPAIR_CHANGED_LOOK}:
            raise
    return _repaired(document, document.replace(_TABLE, b"-" * len(_TABLE)))


@refusing_damage
def _repaired(document: bytes, source: bytes) -> Normalised:
    """`document` written anew from `source`: itself, or itself without the words that lead to its tables."""
    normalised = _written_anew(source)
    facts = inspect(normalised)
    if not looks_the_same(document, normalised):
        raise DocumentRefused(reason=Reason.REPAIR_CHANGED_LOOK)
    return Normalised(document=normalised, facts=facts)


def _written_anew(document: bytes) -> bytes:
    """The objects that qpdf finds, under a new list of them; streams are left as they are."""
    with pikepdf.open(io.BytesIO(document), attempt_recovery=True, suppress_warnings=True) as pdf:
        if pdf.is_encrypted:
            raise DocumentRefused(reason=Reason.DAMAGED, encrypted=True)
        if any(_is_signed(item) for item in pdf.objects):
            raise DocumentRefused(reason=Reason.REPAIR_BREAKS_SIGNATURES)
        if "/Size" not in pdf.trailer:
            pdf.trailer.Size = 0  # qpdf writes the right one, where there is one
        out = io.BytesIO()
        pdf.save(
            out,
            deterministic_id=True,
            fix_metadata_version=False,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            compress_streams=False,
        )
        return out.getvalue()


def _is_signed(item: Any) -> bool:
    return isinstance(item, pikepdf.Dictionary) and _BYTE_RANGE in item
