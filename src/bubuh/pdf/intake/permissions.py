"""What earlier signers allow to be done after them: another signature, as a stamp is one, or nothing.

A certification with P=1 allows no change. With P=2 or 3 it allows signing; that a new signature may bring its
own visible field is how the usual readers take it, so it is allowed, and flagged. What locks all fields, or
all but some, locks ours.

Source: ISO 32000-2, 12.8.2.2 and table 257 (DocMDP), 12.8.2.4 (FieldMDP), table 236 (a field's lock).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic

from bubuh.pdf.general.reader import Field, entry
from bubuh.pdf.refusals import DocumentRefused, Reason

_NO_CHANGES: Final = 1
_USUAL: Final = 2  #: where a certification does not say


def check_permissions(root: Any, signed: Iterable[Field]) -> bool:
    """Whether the document is certified in a way that allows a stamp; raises `DocumentRefused` when not."""
    levels = [*_certified(root), *(level for field in signed for level in _levels(field))]
    if any(level not in {2, 3} for level in levels):
        raise DocumentRefused(reason=Reason.CERTIFIED)
    return bool(levels)


def _certified(root: Any) -> Iterator[int]:
    """What the catalog's certification allows."""
    permissions = entry(root, "/Perms")
    if isinstance(permissions, generic.DictionaryObject) and "/DocMDP" in permissions:
        yield min(_of_signature(entry(permissions, "/DocMDP")), default=_USUAL)


def _levels(field: Field) -> Iterator[int]:
    """What one signature allows, by each way of saying so; `_NO_CHANGES` for a lock on all fields."""
    yield from _of_signature(field.dictionary["/V"])
    lock = entry(field.dictionary, "/Lock")
    if isinstance(lock, generic.DictionaryObject):
        if "/P" in lock:
            yield int(entry(lock, "/P"))
        if _locks_all(lock):
            yield _NO_CHANGES


def _of_signature(value: Any) -> Iterator[int]:
    for reference in entry(value, "/Reference", ()):
        terms = entry(reference.get_object(), "/TransformParams", {})
        method = entry(reference.get_object(), "/TransformMethod")
        if method == "/DocMDP":
            yield int(entry(terms, "/P", _USUAL))
        elif method == "/FieldMDP" and _locks_all(terms):
            yield _NO_CHANGES


def _locks_all(terms: Any) -> bool:
    return entry(terms, "/Action") in {"/All", "/Exclude"}
