"""The stamps of a document that has nothing but stamps by the lean engine, one upon the other.

Each is sealed over all before it, so that who proves the seals knows that our engine planned each on just
what stood there. One thing the engine does not look at: a reference, in the document as the first stamp left
it, to an object that a later stamp brings, and that shows it where nobody meant it to be.
"""

from __future__ import annotations

from bubuh.pdf.judge.mentions import mentions
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.engine import PROVOKED
from bubuh.pdf.lean.stamped import Revision, Stamped, last_seal, read_revision
from bubuh.pdf.lean.xref import read_chain
from bubuh.pdf.model import Sealed


def read_stamps(document: bytes, sealed: Sealed) -> tuple[Stamped, ...]:
    """The stamps of `document`, the oldest first, where all of them are of our form and nothing is between.

    `sealed` is its `last_seal`.

    Raises:
        Declined: it is not so, or several stamps are on a document in which references can hide.
    """
    last = read_revision(document, sealed)
    if len(last.widgets) == 1:
        return (last.stamped,)
    revisions = [last]
    while len(revisions[-1].widgets) > 1:
        revisions.append(_before(document, revisions[-1]))
    revisions.reverse()
    stamps = tuple(revision.stamped for revision in revisions)
    if len({stamped.serial_no for stamped in stamps}) != len(stamps):
        raise Declined(Why.SERIAL_PRESENT)
    _check_nothing_waited(document, revisions)
    return stamps


def _before(document: bytes, later: Revision) -> Revision:
    """The stamp upon which `later` is."""
    earlier = document[: later.start]
    found = read_revision(earlier, last_seal(earlier))
    if (found.root, found.widgets) != (later.root, later.widgets[:-1]):
        raise Declined(Why.FORM, "a form that is not of these stamps")
    return found


def _check_nothing_waited(document: bytes, revisions: list[Revision]) -> None:
    """What was there with the first stamp refers to no object of a later one.

    In a document with cross-reference streams, references may lie compressed: another reads those.
    """
    try:
        sections = read_chain(document).sections
    except PROVOKED as error:
        raise Declined(Why.UNREADABLE, type(error).__name__) from error
    if any(section.is_stream for section in sections):
        raise Declined(Why.XREF, "references may lie in streams")
    first, *later = revisions
    new = {number + step for *_, (*_, number) in later for step in (-1, 0, 1)}
    if mentions(document[: first.stamped.sealed.stop], new):
        raise Declined(Why.OBJECT, "an object that was waited for")
