"""What was added to a document after a stamp, in kinds that people know. It tells; it judges nothing."""
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.objects import plain
from bubuh.pdf.general.pagetree import leaves
from bubuh.pdf.general.reader import entry, raw_items
from bubuh.pdf.general.signatures import Signed
from bubuh.pdf.model import Added

_OF_CATALOG: Final = {
    "/DSS": Added.VALIDATION_DATA,
    "/Metadata": Added.METADATA,
    "/OpenAction": Added.ACTIONS,
    "/AA": Added.ACTIONS,
    "/Names": Added.ACTIONS,
}
_OF_A_FIELD: Final = frozenset({"/FT", "/T"})


def additions(reader: PdfFileReader, since: int, found: Sequence[Signed]) -> tuple[Added, ...]:
    """The kinds of what revisions after `since` brought, in the order of `Added`; `found`: all signatures.

    What cannot be made out is `OTHER`: whoever wrote it need not be understood to be told of.
    """
    kinds: set[Added] = set()
    for revision in range(since + 1, reader.xrefs.total_revisions):
        brought = [signed for signed in found if signed.revision == revision]
        own = {_kind_of(signed) for signed in brought}
        try:
            changed = set(_changed(reader, revision, brought))
        except Exception:  # noqa: BLE001 - hostile bytes: told as what nobody understands
            changed = {Added.OTHER}
        kinds |= own | changed or {Added.OTHER}
    return tuple(kind for kind in Added if kind in kinds)


def _kind_of(signed: Signed) -> Added:
    if signed.serial_no is not None:
        return Added.STAMP
    return Added.TIME_STAMP if signed.is_time_stamp else Added.SIGNATURE


def _changed(reader: PdfFileReader, revision: int, brought: Collection[Signed]) -> Iterator[Added]:
    before, after = reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision)
    for key in {*before.root, *after.root}:
        if key in _OF_CATALOG and _differs(before.root, after.root, key):
            yield _OF_CATALOG[key]
    if _info(reader, revision - 1) != _info(reader, revision):
        yield Added.METADATA
    own = {signed.field.ref for signed in brought}
    numbers = {(ref.idnum, ref.generation) for ref in own if ref is not None}
    yield from _of_pages(before, after, numbers)
    for number, generation in _redefined(reader, revision):
        old = before(generic.Reference(number, generation, pdf=before))
        new = after(generic.Reference(number, generation, pdf=after))
        yield from _of_object(old, new)


def _of_pages(before: Any, after: Any, own: set[tuple[int, int]]) -> Iterator[Added]:
    for old, new in zip_longest(leaves(before), leaves(after)):
        if old is None or new is None or plain(old.raw) != plain(new.raw):
            yield Added.PAGES
            return
        one, other = old.raw.reference, new.raw.reference
        page, page_after = (
            before(generic.Reference(*_key(one), pdf=before)),
            after(generic.Reference(*_key(other), pdf=after)),
        )
        if any(_differs(page, page_after, key) for key in {*page, *page_after} - {"/Annots"}):
            yield Added.PAGE_CONTENT
        known = {plain(item) for item in _annotations(page)}
        for item in _annotations(page_after):
            if plain(item) in known or (
                isinstance(item, generic.IndirectObject) and _key(item.reference) in own
            ):
                continue
            shown = item.get_object()
            is_widget = isinstance(shown, generic.DictionaryObject) and entry(shown, "/Subtype") == "/Widget"
            yield Added.FORM_FIELD if is_widget else Added.ANNOTATION


def _of_object(old: Any, new: Any) -> Iterator[Added]:
    """What it means that an object was written again."""
    if isinstance(old, generic.StreamObject) or isinstance(new, generic.StreamObject):
        yield Added.PAGE_CONTENT
    elif isinstance(old, generic.DictionaryObject) and isinstance(new, generic.DictionaryObject):
        if _OF_A_FIELD & old.keys() and plain(old) != plain(new):
            yield Added.FORM_FILLING
        elif entry(old, "/Type") == "/Annot" and plain(old) != plain(new):
            yield Added.ANNOTATION


def _redefined(reader: PdfFileReader, revision: int) -> set[tuple[int, int]]:
    """The objects of earlier revisions that this one defines again."""
    earlier: set[tuple[int, int]] = set()
    for number in range(revision):
        earlier |= set(reader.xrefs.get_xref_data(number).explicit_refs_in_revision)
    return earlier & set(reader.xrefs.get_xref_data(revision).explicit_refs_in_revision)


def _annotations(page: Any) -> list[Any]:
    array = entry(page, "/Annots")
    return list(raw_items(array)) if isinstance(array, generic.ArrayObject) else []


def _differs(old: Any, new: Any, key: str) -> bool:
    return key not in old or key not in new or plain(old.raw_get(key)) != plain(new.raw_get(key))


def _info(reader: PdfFileReader, revision: int) -> bytes:
    try:
        return plain(reader.trailer.raw_get("/Info", revision=revision))
    except KeyError:
        return b""


def _key(ref: generic.Reference) -> tuple[int, int]:
    return ref.idnum, ref.generation
