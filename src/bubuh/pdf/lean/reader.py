"""A document as the lean engine sees it: objects by their numbers, each read when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from bubuh.pdf.cipher import Cipher
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.streams import content, parameters
from bubuh.pdf.lean.tokens import (
    GAP,
    Dictionary,
    Ref,
    Span,
    bounded,
    dictionary,
    integer,
    octets,
    reference,
    value,
)
from bubuh.pdf.lean.unlock import unlocked
from bubuh.pdf.lean.xref import HEAD, OPENED_OBJECT, WITHIN, Chain, read_chain

_ENDOBJ: Final = re.compile(GAP + rb"endobj")
_MOST_CONTAINED: Final = 100_000


class Objects(Protocol):
    """Objects by their numbers: a document's, or those that were sent of one."""

    def dictionary(self, ref: Ref | None) -> Dictionary:
        """The dictionary that is the whole object `ref`, not a stream; raises `Declined`."""
        ...

    def array(self, ref: Ref) -> tuple[bytes, Span]:
        """The array that is the whole object `ref`: the buffer it lies in, and where; raises `Declined`."""
        ...

    def resolved(self, written: bytes | None) -> bytes | None:
        """The value itself, a reference followed once; None when it is null."""
        ...

    def string(self, written: bytes | None, holder: Ref) -> bytes:
        """The bytes of a string in the object `holder`, or behind a reference in it; empty when null."""
        ...


class Document:
    """The objects of one document."""

    def __init__(self, document: bytes) -> None:
        """Read the chain of cross-references; raises `Declined`."""
        self.document = document
        self.chain: Chain = read_chain(document)
        self._containers: dict[int, tuple[list[bytes], int, bytes]] = {}
        self.cipher: Cipher | None = None
        if self.chain.encrypt is not None:
            self.cipher = unlocked(self._encryption(self.chain.encrypt), self.chain.first_id())

    def _encryption(self, written: bytes) -> Dictionary:
        """The encryption dictionary, an object of its own in no stream, as others want it."""
        ref = reference(written)
        if ref is None or self.chain.find(ref[0])[0] == WITHIN:
            raise Declined(Why.ENCRYPTED, "in the trailer, or within what it encrypts")
        return self.dictionary(ref)

    def dictionary(self, ref: Ref | None) -> Dictionary:
        """The dictionary that is the whole object `ref`, not a stream; raises `Declined`."""
        if ref is None:
            raise Declined(Why.OBJECT, "not a reference")
        kind, one, two = self.chain.find(ref[0])
        if kind == WITHIN:
            held = dictionary(*self._within(one, two, ref))
            self._check_copyable(held.data, held.span)
            return held
        opened = self._opened(one, two, ref)
        found = bounded(self.document, opened.start(3), opened.end(), b"endobj")
        if not found.ends_object:
            raise Declined(Why.OBJECT, "an object that does not end after its value")
        return found

    def array(self, ref: Ref) -> tuple[bytes, Span]:
        """The array that is the whole object `ref`: the buffer it lies in, and where; raises `Declined`."""
        data, at, follows = self._locate(ref)
        start, end = value(data, at)
        if not data.startswith(b"[", start):
            raise Declined(Why.OBJECT, "not an array")
        self._check_end(data, end, follows=follows)
        if not follows:
            self._check_copyable(data, (start, end))
        return data, (start, end)

    def _check_copyable(self, data: bytes, span: Span) -> None:
        """Strings within an encrypted stream are plain; written again, outside it, they must not be."""
        if self.cipher is None:
            return
        plain = data[span[0] : span[1]].replace(b"<<", b"")
        if b"(" in plain or b"<" in plain:
            raise Declined(Why.ENCRYPTED, "strings within a stream")

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

    def string(self, written: bytes | None, holder: Ref) -> bytes:
        """The bytes of a string in the object `holder`, or behind a reference in it; empty when null."""
        found = self.resolved(written)
        if found is None:
            return b""
        said, own = octets(found), reference(written) or holder
        if self.cipher is None or self.chain.find(own[0])[0] == WITHIN:
            return said
        return self.cipher.decrypted(said, *own)

    def _check_end(self, data: bytes, at: int, *, follows: bool) -> None:
        if follows and _ENDOBJ.match(data, at) is None:
            raise Declined(Why.OBJECT, "an object that does not end after its value")

    def _locate(self, ref: Ref) -> tuple[bytes, int, bool]:
        """The buffer in which the value of `ref` begins, where, and whether endobj follows it."""
        kind, one, two = self.chain.find(ref[0])
        if kind == WITHIN:
            data, at, _bound = self._within(one, two, ref)
            return data, at, False
        head = HEAD.match(self.document, one)
        if head is None or (int(head[1]), int(head[2])) != ref or two != ref[1]:
            raise Declined(Why.OBJECT, "another object, or none, is there")
        return self.document, head.end(), True

    def _opened(self, offset: int, generation: int, ref: Ref) -> re.Match[bytes]:
        """The head of the object at `offset` and the beginning of a dictionary, which is its group 3."""
        opened = OPENED_OBJECT.match(self.document, offset)
        if opened is None or (int(opened[1]), int(opened[2])) != ref or generation != ref[1]:
            raise Declined(Why.OBJECT, "another object, or none, or not a dictionary is there")
        return opened

    def _within(self, stream: int, index: int, ref: Ref) -> tuple[bytes, int, int]:
        """The object stream's bytes, where in them the object begins, and where the one after it does."""
        number, generation = ref
        numbers, first, inflated = self._container(stream)
        at = 2 * index
        if generation != 0 or at + 1 >= len(numbers) or int(numbers[at]) != number:
            raise Declined(Why.OBJECT, "an object stream that does not hold it")
        bound = first + int(numbers[at + 3]) if at + 3 < len(numbers) else len(inflated)
        return inflated, first + int(numbers[at + 1]), bound

    def _decrypting(self, number: int) -> Callable[[bytes], bytes] | None:
        """What decrypts the stream of that number, of generation 0."""
        cipher = self.cipher
        return None if cipher is None else lambda raw: cipher.decrypted(raw, number, 0)

    def _outside(self, written: bytes | None) -> bytes | None:
        """The value itself, a reference followed to an object that is in no stream."""
        ref = reference(written)
        if ref is not None and self.chain.find(ref[0])[0] == WITHIN:
            raise Declined(Why.OBJECT, "a length within a stream")
        return self.resolved(written)

    def _container(self, number: int) -> tuple[list[bytes], int, bytes]:
        """Numbers and places, where the objects begin, and the bytes of an object stream."""
        if number not in self._containers:
            kind, offset, generation = self.chain.find(number)
            if kind == WITHIN:
                raise Declined(Why.OBJECT, "a stream within a stream")
            opened = self._opened(offset, generation, (number, 0))
            header = bounded(self.document, opened.start(3), opened.end(), b"stream")
            if header.values.get(b"/Type") != b"/ObjStm" or parameters(header) is not None:
                raise Declined(Why.FILTER, "not a plain object stream")
            length = integer(self._outside(header.values.get(b"/Length")))
            inflated, first, count = (
                content(self.document, header, length, self._decrypting(number)),
                header.integer(b"/First"),
                header.integer(b"/N"),
            )
            index = inflated[:first].split() if 0 <= first <= len(inflated) else []
            if not 0 <= 2 * count <= len(index) <= 2 * _MOST_CONTAINED:
                raise Declined(Why.OBJECT, "an object stream whose index is not as long as it says")
            self._containers[number] = index[: 2 * count], first, inflated
        return self._containers[number]
