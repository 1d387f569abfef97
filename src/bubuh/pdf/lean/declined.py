"""Why the lean engine leaves a document to another."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """The fixed list of reasons; none of them says that a document is bad."""

    HEADER = "header"  #: something stands before %PDF-
    END = "end"  #: no startxref, or something after the last %%EOF
    XREF = "xref"  #: a cross-reference section is not where it should be, or not as it should be
    CHAIN = "chain"  #: the sections bite their tail, or are too many
    HYBRID = "hybrid"
    ENCRYPTED = "encrypted"
    TRAILER = "trailer"
    FILTER = "filter"  #: a stream under a filter or a predictor that is not read here
    INFLATED = "inflated"  #: a stream that swells too much, or is cut off
    TOKEN = "token"  # noqa: S105 - of the file's syntax
    DUPLICATE_KEY = "duplicate_key"
    OBJECT = "object"  #: an object is free, missing, elsewhere or of another kind
    PAGES = "pages"  #: a page tree that is odd, or without that page
    PLACE = "place"  #: a refusal; the other engine says which
    ANNOTATIONS = "annotations"
    FORM = "form"
    XFA = "xfa"
    PERMISSIONS = "permissions"  #: an earlier signer forbids something
    SERIAL_PRESENT = "serial_present"
    UNREADABLE = "unreadable"  #: anything else that hostile bytes provoke


class Declined(Exception):
    """The lean engine does not stamp this document; `why` says what it met."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
