"""Our own rules for what may stand in a stamped file, byte by byte and object by object.

pyHanko's verdict is not enough: it calls a file good when bytes are appended without a cross-reference, and
lets form filling and some shadow attacks through. These rules stand on top of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.general.objects import dictionary, plain
from bubuh.pdf.general.pagetree import is_page
from bubuh.pdf.general.reader import entry, form_of
from bubuh.pdf.general.signatures import Signed
from bubuh.pdf.judge.mentions import mentions
from bubuh.pdf.judge.tiling import Breach, altered, check_tiling, end_of
from bubuh.pdf.model import Sealed

_HEX: Final = re.compile(rb"<((?:[0-9a-f]{2})+)>")  # lower case, as we write it
_HEAD: Final = re.compile(rb"\s*(\d+)\s+(\d+)\s+obj\b")
_CONTENTS: Final = re.compile(rb"/Contents\s*\Z")

#: What a stamp's signature dictionary says. Source: ETSI EN 319 142-1, clause 6.3
_OF_A_STAMP: Final = {"/Type": "/Sig", "/Filter": "/Adobe.PPKLite", "/SubFilter": "/ETSI.CAdES.detached"}
_CATALOG_MAY_CHANGE: Final = frozenset({"/AcroForm", "/DSS", "/Extensions"})
_FORM_MAY_CHANGE: Final = frozenset({"/Fields", "/SigFlags"})
_Key = tuple[int, int]  #: number and generation of an object

_PAGE_MAY_CHANGE: Final = frozenset({"/Annots"})


def covered(document: bytes, reader: PdfFileReader, signed: Signed) -> Sealed:
    """What a signature covers, when it is as it must be.

    ByteRange is `[0 a b c]`; the gap from a to b is exactly `<hex>` of this signature's own /Contents, in its
    own object; b + c is the end of its revision. Raises `Breach("byte_range")`; and
    `Breach("seal_altered")` when the dictionary is for another kind of signature.
    """
    if any(entry(signed.embedded.sig_object, key) != value for key, value in _OF_A_STAMP.items()):
        raise Breach("seal_altered", "another kind of signature")
    spans = list(signed.embedded.byte_range)
    if len(spans) != 4 or any(type(span) is not generic.NumberObject for span in spans):
        raise Breach("byte_range", "not four whole numbers")
    zero, start, end, rest = (int(span) for span in spans)
    if zero != 0 or not 0 < start < end or rest <= 0 or end + rest > len(document):
        raise Breach("byte_range", "not from the start, or past the end")
    gap = _HEX.fullmatch(document, start, end)
    if gap is None or bytes.fromhex(gap[1].decode()) != bytes(signed.embedded.pkcs7_content):
        raise Breach("byte_range", "the gap is not the signature")
    _check_gap_owner(document, reader, signed, start)
    if end + rest != end_of(document, reader, signed.revision):
        raise Breach("byte_range", "not the end of a revision")
    return Sealed(start, end, end + rest)


def breaches(
    document: bytes, reader: PdfFileReader, *, since: int, signatures: Collection[Signed]
) -> dict[int, str]:
    """What is wrong with each revision after `since`: empty when all are as they may be.

    They may be further signatures of ours, time-stamps or a DSS. `signatures` are all of the document's;
    whether they are to be trusted is judged elsewhere. General form filling, annotations, changed pages,
    stray bytes are breaches. Bytes after the last revision count as one more revision.
    """
    last = reader.xrefs.total_revisions - 1
    unsigned = frozenset(range(since + 1, last + 1)) - {signed.revision for signed in signatures}
    found: dict[int, str] = {}
    for revision in range(since + 1, last + 1):
        brought = [signed for signed in signatures if signed.revision == revision]
        try:
            check_tiling(document, reader, revision)
            _Change(reader, revision, unsigned).check(_places(brought))
            _check_loose_ends(document, reader, revision, since)
        except Breach as breach:
            found[revision] = breach.reason
    try:
        if end_of(document, reader, last) != len(document):
            found[last + 1] = "trailing_bytes"
    except Breach as breach:
        found[last + 1] = breach.reason
    return found


def loose_ends(text: bytes, reader: PdfFileReader, numbers: Collection[int], revision: int) -> bool:
    """Whether `text`, the document up to `revision`, refers to an object of one of `numbers`.

    Nobody refers to an object that is not there, but to have a later revision bring it. Object streams are
    searched as well; a comment or any white space may stand between the parts of a reference.
    """
    parts = (text, *_object_streams(reader, revision))
    return any(mentions(part, numbers) for part in parts)


def _check_gap_owner(document: bytes, reader: PdfFileReader, signed: Signed, start: int) -> None:
    """The gap lies in the signature's own object, under its /Contents."""
    offset = reader.xrefs[signed.value]
    if not isinstance(offset, int) or not 0 <= offset < start:
        raise Breach("byte_range", "the signature lies elsewhere")
    before = document[offset:start]
    head = _HEAD.match(before)
    if head is None or int(head[1]) != signed.value.idnum or b"endobj" in before:
        raise Breach("byte_range", "the gap lies in another object")
    if _CONTENTS.search(before) is None:
        raise Breach("byte_range", "the gap is not under /Contents")


def _places(brought: Collection[Signed]) -> dict[_Key, set[_Key]]:
    """The fields of these signatures and the pages they are on."""
    return {
        _key(signed.field.ref): _raw_key(signed.field.dictionary, "/P")
        for signed in brought
        if signed.field.ref is not None
    }


def _check_loose_ends(document: bytes, reader: PdfFileReader, revision: int, since: int) -> None:
    known = {number for number, _generation in _defined(reader, revision - 1)}
    new = {number for number, _ in reader.xrefs.get_xref_data(revision).explicit_refs_in_revision} - known
    if new and loose_ends(document[: end_of(document, reader, since)], reader, new, since):
        raise altered("an object that was waited for")


def _object_streams(reader: PdfFileReader, revision: int) -> Iterator[bytes]:
    view = reader.get_historical_resolver(revision)
    used = (reader.xrefs.get_xref_data(at).obj_streams_used for at in range(revision + 1))
    for number in sorted(set[int]().union(*used)):
        yield view(generic.Reference(number, 0, pdf=view)).data


def _defined(reader: PdfFileReader, revision: int) -> set[_Key]:
    """Every object that some revision up to this one defines."""
    known: set[_Key] = set()
    for earlier in range(revision + 1):
        known |= set(reader.xrefs.get_xref_data(earlier).explicit_refs_in_revision)
    return known


class _Change:
    """What one revision changed, seen against the one before it."""

    def __init__(self, reader: PdfFileReader, revision: int, unsigned: frozenset[int]) -> None:
        self.reader, self.revision, self.unsigned = reader, revision, unsigned
        self.before = reader.get_historical_resolver(revision - 1)
        self.after = reader.get_historical_resolver(revision)

    def check(self, brought: dict[_Key, set[_Key]]) -> None:
        """`brought` are the signature fields that this revision may add, and the pages they are on.

        Who adds no signature has no reason to touch form or pages, not even to write them otherwise.
        """
        changed = self._changed()
        added = self._check_form(set(brought))
        allowed = {_key(self.before.root_ref), *self._dss_keys()}
        if brought:
            allowed |= self._form_keys() | self._check_pages(changed.union(*brought.values()), added)
        if changed - allowed:
            raise altered("objects that must not change")

    def _check_pages(self, keys: set[_Key], added: set[_Key]) -> set[_Key]:
        """The pages among `keys` differ in /Annots alone; they and their arrays, which may change."""
        allowed: set[_Key] = set()
        for key in filter(self._is_page, keys):
            old, new = self._both(key)
            _check_entries(old, new, _PAGE_MAY_CHANGE)
            self._check_array(old, new, "/Annots", added)
            allowed |= {key, *_raw_key(old, "/Annots")}
        return allowed

    def _changed(self) -> set[_Key]:
        """The objects of earlier revisions that this one defines again; freeing is never allowed."""
        data = self.reader.xrefs.get_xref_data(self.revision)
        if any(number for number in data.freed):
            raise altered("objects freed")
        numbers = {number for number, _generation in _defined(self.reader, self.revision - 1)}
        return {key for key in data.explicit_refs_in_revision if key[0] in numbers}

    def _check_form(self, brought: set[_Key]) -> set[_Key]:
        may_change = _CATALOG_MAY_CHANGE if brought else _CATALOG_MAY_CHANGE - {"/AcroForm"}
        _check_entries(self.before.root, self.after.root, may_change)
        empty = dictionary()
        old, new = form_of(self.before) or empty, form_of(self.after) or empty
        _check_entries(old, new, _FORM_MAY_CHANGE)
        added = self._check_array(old, new, "/Fields", brought)
        if added != brought:
            raise altered("a signature outside the form")
        return added

    def _check_array(self, old: Any, new: Any, key: str, may_add: set[_Key]) -> set[_Key]:
        """The references appended to the array under `key`; raises `Breach` when it changed otherwise.

        The array stays where it was, or comes with this revision: one that lay elsewhere before may belong to
        something that may be written again.
        """
        before, after = _items(old, key), _items(new, key)
        added = after[len(before) :]
        if list(map(plain, after[: len(before)])) != list(map(plain, before)):
            raise altered(f"{key} rewritten")
        if not all(isinstance(item, generic.IndirectObject) for item in added):
            raise altered(f"{key} with a direct object")
        keys = {_key(item.reference) for item in added}
        if not keys <= may_add or len(keys) != len(added):
            raise altered(f"{key} with something new")
        moved = _raw_key(new, key) - _raw_key(old, key)
        if any(self._introduced(place) != self.revision for place in moved):
            raise altered(f"{key} moved")
        return keys

    def _form_keys(self) -> set[_Key]:
        form = form_of(self.before)
        if form is None:
            return set()
        return _raw_key(self.before.root, "/AcroForm") | _raw_key(form, "/Fields")

    def _dss_keys(self) -> set[_Key]:
        """The DSS and its arrays may be written again when a revision without signature brought them.

        Anything older, or brought by a stamp, might be content that a DSS merely points at.
        """
        store = entry(self.before.root, "/DSS", dictionary())
        keys = _raw_key(self.before.root, "/DSS").union(*(_raw_key(store, key) for key in store))
        return {key for key in keys if self._introduced(key) in self.unsigned}

    def _is_page(self, key: _Key) -> bool:
        return is_page(self.before, generic.Reference(*key, pdf=self.before))

    def _introduced(self, key: _Key) -> int:
        return int(self.reader.xrefs.get_introducing_revision(generic.Reference(*key, pdf=self.reader)))

    def _both(self, key: _Key) -> tuple[Any, Any]:
        return (
            self.before(generic.Reference(*key, pdf=self.before)),
            self.after(generic.Reference(*key, pdf=self.after)),
        )


def _check_entries(old: Any, new: Any, may_change: frozenset[str]) -> None:
    for key in (set(old) | set(new)) - may_change:
        if key not in old or key not in new or plain(old.raw_get(key)) != plain(new.raw_get(key)):
            raise altered(str(key))


def _items(holder: Any, key: str) -> list[Any]:
    array = entry(holder, key)
    if array is None:
        return []
    if not isinstance(array, generic.ArrayObject):
        raise altered(f"{key} is not an array")
    return [array.raw_get(index) for index in range(len(array))]


def _raw_key(holder: Any, key: str) -> set[_Key]:
    if key not in holder:
        return set()
    raw = holder.raw_get(key)
    return {_key(raw.reference)} if isinstance(raw, generic.IndirectObject) else set()


def _key(ref: generic.Reference) -> _Key:
    return ref.idnum, ref.generation
