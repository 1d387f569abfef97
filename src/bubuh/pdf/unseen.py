"""A stamp that was planned without its document: what intake would have asked then, the checker asks now."""

from __future__ import annotations

from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.signatures import Signed
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.tiling import end_of
from bubuh.pdf.refusals import DocumentRefused, Reason


def refused_base(document: bytes, reader: PdfFileReader, stamp: Signed) -> Reason | None:
    """Why the document that `stamp` was put upon would have been refused as an upload, or None.

    Raises `Breach` when the revision before the stamp does not end as it must.
    """
    if stamp.revision == 0:
        return Reason.AMBIGUOUS  # one revision for both: there is no document without the stamp
    try:
        inspect(document[: end_of(document, reader, stamp.revision - 1)])
    except DocumentRefused as refused:
        return refused.reason
    return None
