"""The few objects of a document that stays at home, as strangers sent them.

Each that is asked for must be one value and nothing else, to the last byte: what is copied into an increment
is signed with it. What is not asked for is not looked at, and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import Dictionary, Ref, Span, dictionary, octets, reference, value

MOST_PIECES: Final = 64
MOST_PIECES_BYTES: Final = 256 * 2**10
_MOST_GENERATION: Final = 65535


class Pieces:
    """Objects by their numbers, read as a `Document`'s are."""

    def __init__(self, objects: Mapping[Ref, bytes], *, highest: int) -> None:
        """Look at the numbers of `objects`, which are at most MOST_PIECES; raises `Declined`."""
        if len(objects) > MOST_PIECES or sum(map(len, objects.values())) > MOST_PIECES_BYTES:
            raise Declined(Why.OBJECT, "too many pieces, or too large")
        for number, generation in objects:
            if not (0 < number <= highest and 0 <= generation <= _MOST_GENERATION):
                raise Declined(Why.OBJECT, "a number that the document does not have")
        if len({number for number, _generation in objects}) != len(objects):
            raise Declined(Why.OBJECT, "one number twice")
        self._objects = objects

    def dictionary(self, ref: Ref | None) -> Dictionary:
        """The dictionary that is the whole object `ref`; raises `Declined`."""
        written = self._written(ref)
        found = dictionary(written, 0, len(written))
        if found.span != (0, len(written)):
            raise Declined(Why.TOKEN, "not one dictionary and nothing else")
        return found

    def array(self, ref: Ref) -> tuple[bytes, Span]:
        """The array that is the whole object `ref`, and where it lies; raises `Declined`."""
        written = self._value(ref)
        if not written.startswith(b"["):
            raise Declined(Why.OBJECT, "not an array")
        return written, (0, len(written))

    def resolved(self, written: bytes | None) -> bytes | None:
        """The value itself, a reference followed once; None when it is null."""
        ref = reference(written)
        if ref is None:
            return written
        found = self._value(ref)
        if reference(found) is not None:
            raise Declined(Why.OBJECT, "a reference to a reference")
        return None if found == b"null" else found

    def string(self, written: bytes | None, holder: Ref) -> bytes:
        """The bytes of a string, which is plain, or behind a reference; empty when null."""
        del holder
        found = self.resolved(written)
        return b"" if found is None else octets(found)

    def _value(self, ref: Ref) -> bytes:
        written = self._written(ref)
        if value(written, 0) != (0, len(written)):
            raise Declined(Why.TOKEN, "not one value and nothing else")
        return written

    def _written(self, ref: Ref | None) -> bytes:
        if ref is None or ref not in self._objects:
            raise Declined(Why.OBJECT, "not among the pieces")
        return self._objects[ref]


class Remembering:
    """A document that remembers which of its objects were asked for."""

    def __init__(self, document: Document) -> None:
        """Nothing has been asked for."""
        self._document = document
        self.asked: dict[Ref, bytes] = {}

    def dictionary(self, ref: Ref | None) -> Dictionary:
        """As the document has it."""
        found = self._document.dictionary(ref)
        if ref is not None:
            self._remember(ref, found.data, found.span)
        return found

    def array(self, ref: Ref) -> tuple[bytes, Span]:
        """As the document has it."""
        data, span = self._document.array(ref)
        self._remember(ref, data, span)
        return data, span

    def resolved(self, written: bytes | None) -> bytes | None:
        """As the document has it."""
        found = self._document.resolved(written)
        ref = reference(written)
        if ref is not None:
            self.asked[ref] = b"null" if found is None else found
        return found

    def string(self, written: bytes | None, holder: Ref) -> bytes:
        """As the document has it."""
        self.resolved(written)
        return self._document.string(written, holder)

    def _remember(self, ref: Ref, data: bytes, span: Span) -> None:
        self.asked[ref] = data[span[0] : span[1]]
