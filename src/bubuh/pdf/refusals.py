"""Why a document or a place is refused; and the one wrapper that turns library errors into a refusal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Final, ParamSpec, TypeVar

from bubuh.core.errors import Refusal

P = ParamSpec("P")
T = TypeVar("T")


class Reason(StrEnum):
    """The fixed list of reasons for which a document is refused; each has words for people in `edge`."""

    EMPTY = "empty"
    NOT_A_PDF = "not_a_pdf"
    TRUNCATED = "truncated"
    LEADING_BYTES = "leading_bytes"  #: something stands before %PDF-
    TRAILING_BYTES = "trailing_bytes"  #: something stands after the last %%EOF
    POLYGLOT = "polyglot"  #: it is a file of another kind as well
    DAMAGED = "damaged"
    AMBIGUOUS = "ambiguous"  #: two readers see two different documents
    HYBRID = "hybrid"  #: both kinds of cross-reference at once: readers see different objects
    ENCRYPTED = "encrypted"  #: with a password that we do not have
    CERTIFIED = "certified"  #: an earlier signer forbids what a stamp adds
    SIGNATURE_BROKEN = "signature_broken"  #: an earlier signature no longer fits the document
    XFA = "xfa"
    JAVASCRIPT = "javascript"  #: runs a program of its own when it is opened
    LAUNCH = "launch"  #: starts a program of the reader's
    ACTS_ALONE = "acts_alone"  #: does something else when it is opened
    EMBEDDED_PROGRAM = "embedded_program"
    EXTERNAL_CONTENT = "external_content"  #: shows what is not in the file
    HIDDEN_CONTENT = "hidden_content"  #: a second document waits in the file to be shown instead
    TOO_LARGE = "too_large"
    INFLATES = "inflates"  #: unpacked, it is many times its size
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_OBJECTS = "too_many_objects"
    TOO_MANY_REVISIONS = "too_many_revisions"
    TOO_DEEP = "too_deep"
    NO_PAGES = "no_pages"
    SERIAL_PRESENT = "serial_present"  #: the document bears this serial number already
    REPAIR_BREAKS_SIGNATURES = "repair_breaks_signatures"  #: damaged, and signed: to repair is to break
    REPAIR_CHANGED_LOOK = "repair_changed_look"  #: repaired it would show something else
    SANDBOX_DIED = "sandbox_died"
    SANDBOX_TIMEOUT = "sandbox_timeout"
    SANDBOX_MEMORY = "sandbox_memory"


class DocumentRefused(Refusal):
    """The document cannot be stamped as it is; `reason` says why."""

    code = "document_refused"

    def __init__(self, *, reason: Reason, **details: object) -> None:
        """Keep `reason` where a program finds it."""
        super().__init__(pointer=None, reason=str(reason), **details)
        self.reason = reason


#: What writing the document anew can put right.
_REPAIRABLE: Final = frozenset(
    {Reason.DAMAGED, Reason.HYBRID, Reason.LEADING_BYTES, Reason.TRAILING_BYTES, Reason.TRUNCATED}
)
LOOSE_REFERENCE: Final = (
    "loose_reference"  #: a way to be ambiguous: something refers to an object yet to come
)


def may_be_repaired(refused: DocumentRefused) -> bool:
    """Whether repair is worth a try: the document is damaged, and not two documents in one."""
    return refused.reason in _REPAIRABLE or refused.details.get("differs") == LOOSE_REFERENCE


class PageOutOfRange(Refusal):
    """The document has no such page."""

    code = "page_out_of_range"

    def __init__(self, *, page: int, pages: int) -> None:
        """`page` was asked for; the document has `pages`."""
        super().__init__(pointer="/page", page=page, pages=pages)


class FaceSize(Refusal):
    """A face is a square of 40 to 120 points."""

    code = "face_size"

    def __init__(self, *, width: float, least: float, most: float) -> None:
        """`width` was asked for."""
        super().__init__(pointer="/width", width=width, least=least, most=most)


class OutsidePage(Refusal):
    """A corner of the face falls outside what the reader sees of the page."""

    code = "outside_page"

    def __init__(self, *, pointer: str, x: float, y: float, width: float, seen: tuple[float, float]) -> None:
        """`pointer` names the coordinate at fault; `seen` is the page's width and height in points."""
        super().__init__(
            pointer=pointer,
            x=x,
            y=y,
            width=width,
            page_width=round(seen[0], 2),
            page_height=round(seen[1], 2),
        )


class MidstateUnsupported(Refusal):
    """A document cannot be stamped by its midstate; `reason` says what is in the way."""

    code = "midstate_unsupported"

    def __init__(self, *, reason: str) -> None:
        """`reason` is one of the lean engine's, or what the pieces provoked."""
        super().__init__(pointer="/midstate", reason=reason)


class SerialMalformed(Refusal):
    """A serial number is 22 characters 0-9 and A-Z."""

    code = "serial_malformed"

    def __init__(self, *, serial_no: str) -> None:
        """`serial_no` was given."""
        super().__init__(pointer="/serial", serial_no=serial_no)


def refusing_damage(act: Callable[P, T]) -> Callable[P, T]:
    """`act`, in which anything a PDF library throws becomes `DocumentRefused(damaged)`.

    The libraries fail in a dozen ways on hostile bytes (PdfReadError, ValueError, KeyError, TypeError,
    AssertionError, RecursionError, OSError, struct.error, zlib.error, ...); this is the one place
    where they are caught. Refusals and MemoryError pass: the latter is the sandbox's to judge.
    """

    @functools.wraps(act)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(*args, **kwargs)
        except (Refusal, MemoryError):
            raise
        except Exception as error:
            raise DocumentRefused(reason=Reason.DAMAGED, error=type(error).__name__) from error

    return guarded
