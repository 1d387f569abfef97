"""What a document may be stamped with, but its owner and its readers should know of."""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """The fixed list of what inspection remarks on; each has words for people in `edge`."""

    SCRIPT = "script"  #: programs that run when somebody fills in a form or clicks
    LINK = "link"  #: leads to addresses or other files when clicked
    FORM_SENDS = "form_sends"  #: a form that sends or fetches what is filled in, when clicked
    FILLABLE = "fillable"  #: fields that can still be filled in, which would break a stamp
    ATTACHMENT = "attachment"  #: files within the file, none of them a program
    MEDIA = "media"  #: sound, film or three-dimensional models, which readers play or do not
    LAYERS = "layers"  #: parts that are shown or hidden by a switch
    CERTIFIED = "certified"  #: an earlier signer allows further signatures and little else
    EARLIER_VERSIONS = "earlier_versions"  #: what was changed can still be read in the file
    UNUSED_PAGES = "unused_pages"  #: pages that nobody sees, left from an earlier state
