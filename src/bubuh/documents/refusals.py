"""How documents are refused; what the PDF engine refuses keeps its own class where no better one is here."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.errors import Refusal
from bubuh.core.ids import show_id
from bubuh.documents.model import LIMIT_BYTES
from bubuh.documents.moves import DocumentState
from bubuh.pdf.refusals import DocumentRefused, Reason


class DocumentEmpty(Refusal):
    """The body has no bytes."""

    code = "document_empty"


class NotAPdf(Refusal):
    """Nothing in the first bytes says PDF."""

    code = "not_a_pdf"


class DocumentTruncated(Refusal):
    """The end is missing: of the body that was announced, or of the PDF in it."""

    code = "document_truncated"


class DocumentTooLarge(Refusal):
    """The document is over the limit; the rest of it was not read."""

    code = "document_too_large"

    def __init__(self) -> None:
        super().__init__(limit_bytes=LIMIT_BYTES)


class DocumentUnknown(Refusal):
    """There is no such document or revision, or it is another account's: to the asker the same."""

    code = "not_found"

    def __init__(self, *, document_id: UUID) -> None:
        super().__init__(document=show_id("doc", document_id))


class DocumentNotReady(Refusal):
    """The document has no bytes to give: still being received, refused, or destroyed."""

    code = "document_not_ready"

    def __init__(self, *, document_id: UUID, state: DocumentState) -> None:
        """`state` is what it is in."""
        super().__init__(document=show_id("doc", document_id), state=str(state))
        self.state = state


class UploadUnknown(Refusal):
    """There is no such upload, it is another account's, or it has expired: to the asker the same."""

    code = "upload_unknown"


class UploadOffset(Refusal):
    """The bytes do not go on where the upload stands."""

    code = "upload_offset"

    def __init__(self, *, offset: int) -> None:
        """`offset`: how many bytes are here."""
        super().__init__(offset=offset)
        self.offset = offset


class UploadIncomplete(Refusal):
    """Not all of the announced bytes have come."""

    code = "upload_incomplete"


class ContentUnseen(Refusal):
    """The document stayed at home: its bytes were never here, and it takes the one stamp it was sent for."""

    code = "content_unseen"

    def __init__(self, *, document_id: UUID) -> None:
        super().__init__(document=show_id("doc", document_id))


class RevisionTaken(Refusal):
    """Other bytes are kept, whole and authentic, under this revision's number: they stay."""

    code = "revision_taken"

    def __init__(self, *, document_id: UUID, revision: int) -> None:
        """`revision` is the number."""
        super().__init__(document=show_id("doc", document_id), revision=revision)


def refusal_for(reason: str) -> Refusal:
    """The refusal that a row's `reason` stands for: the first time and each time again."""
    match Reason(reason):
        case Reason.EMPTY:
            return DocumentEmpty()
        case Reason.NOT_A_PDF:
            return NotAPdf()
        case Reason.TRUNCATED:
            return DocumentTruncated()
        case Reason.TOO_LARGE:
            return DocumentTooLarge()
        case other:
            return DocumentRefused(reason=other)
