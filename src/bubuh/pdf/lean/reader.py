"""A document as the lean engine sees it: objects by their numbers, each read when it is asked for."""

from __future__ import annotations

import re
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.streams import content, parameters
from bubuh.pdf.lean.tokens import GAP, Dictionary, Ref, Span, dictionary, reference, value
from bubuh.pdf.lean.xref import HEAD, At, Chain, Within, read_chain

_ENDOBJ: Final = re.compile(GAP + rb"endobj")
_MOST_CONTAINED: Final = 100_000


class Document:
    """The objects of one document."""

    def __init__(self, document: bytes) -> None:
        """Read the chain of cross-references; raises `Declined`."""
        self.document = document
        self.chain: Chain = read_chain(document)
        self._containers: dict[int, tuple[list[bytes], int, bytes]] = {}

    def dictionary(self, ref: Ref | None) -> Dictionary:
        """The dictionary that is the whole object `ref`, not a stream; raises `Declined`."""
        data, at, follows = self._locate(ref)
        found = dictionary(data, at)
        self._check_end(data, found.span[1], follows=follows)
        return found

    def array(self, ref: Ref) -> tuple[bytes, Span]:
        """The array that is the whole object `ref`: the buffer it lies in, and where; raises `Declined`."""
        data, at, follows = self._locate(ref)
        start, end = value(data, at)
        if not data.startswith(b"[", start):
            raise Declined(Why.OBJECT, "not an array")
        self._check_end(data, end, follows=follows)
        return data, (start, end)

    def resolved(self, written: bytes | None) -> bytes | None:
        """The value itself, a reference followed once; None when it is null."""
        if written is None or not written.endswith(b"R"):
            return written
        ref = reference(written)
        if ref is None:
            return written
        data, at, follows = self._locate(ref)
        start, end = value(data, at)
        self._check_end(data, end, follows=follows)
        found = data[start:end]
        if reference(found) is not None:
            raise Declined(Why.OBJECT, "a reference to a reference")
        return None if found == b"null" else found

    def under(self, written: bytes | None) -> Dictionary:
        """The dictionary that is written there or referred to; raises `Declined`."""
        ref = reference(written)
        return self.dictionary(ref) if ref is not None else dictionary(written or b"", 0)

    def _check_end(self, data: bytes, at: int, *, follows: bool) -> None:
        if follows and _ENDOBJ.match(data, at) is None:
            raise Declined(Why.OBJECT, "an object that does not end after its value")

    def _locate(self, ref: Ref | None) -> tuple[bytes, int, bool]:
        """The buffer in which the value of `ref` begins, where, and whether endobj follows it."""
        if ref is None:
            raise Declined(Why.OBJECT, "not a reference")
        number, generation = ref
        place = self.chain.find(number)
        if isinstance(place, At):
            return self.document, self._value_at(place, ref), True
        if generation != 0:
            raise Declined(Why.OBJECT, "a generation within a stream")
        return *self._within(place, number), False

    def _value_at(self, place: At, ref: Ref) -> int:
        head = HEAD.match(self.document, place.offset)
        if head is None or (int(head[1]), int(head[2])) != ref or place.generation != ref[1]:
            raise Declined(Why.OBJECT, "another object, or none, is there")
        return head.end()

    def _within(self, place: Within, number: int) -> tuple[bytes, int]:
        index, first, inflated = self._container(place.stream)
        at = 2 * place.index
        if at + 1 >= len(index) or int(index[at]) != number:
            raise Declined(Why.OBJECT, "an object stream that does not hold it")
        return inflated, first + int(index[at + 1])

    def _container(self, number: int) -> tuple[list[bytes], int, bytes]:
        """Numbers and places, where the objects begin, and the bytes of an object stream."""
        if number not in self._containers:
            place = self.chain.find(number)
            if not isinstance(place, At):
                raise Declined(Why.OBJECT, "a stream within a stream")
            header = dictionary(self.document, self._value_at(place, (number, 0)))
            if header.get(b"/Type") != b"/ObjStm" or parameters(header) is not None:
                raise Declined(Why.FILTER, "not a plain object stream")
            inflated, first = content(self.document, header), header.integer(b"/First")
            index = inflated[:first].split() if 0 <= first <= len(inflated) else []
            if len(index) < 2 * header.integer(b"/N") or len(index) > 2 * _MOST_CONTAINED:
                raise Declined(Why.OBJECT, "an object stream whose index is not as long as it says")
            self._containers[number] = index[: 2 * header.integer(b"/N")], first, inflated
        return self._containers[number]
