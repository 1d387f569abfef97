"""Random changes to a document: to its bytes, its words, its numbers, its objects, its revisions."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random, bytes], bytes]

_NUMBER = re.compile(rb"\d{1,10}")
_WORD = re.compile(rb"/?[A-Za-z0-9_.+-]+")
_TELLING = re.compile(
    rb"(?:/ByteRange \[|/Length |/Prev |/Size |startxref\s|/Root |/V |/P |/N |\n\d{7})[\d ]+"
)
_OBJECT = re.compile(rb"\d+ 0 obj.*?endobj\s", re.DOTALL)
_CONTENTS = re.compile(rb"/Contents <[0-9a-f]+>")
_GLUE = (
    b"",
    b" ",
    b"\n",
    b"%\n",
    b"\0",
    b"<<",
    b">>",
    b"null ",
    b"0 0 R ",
    b"endobj\n",
    b"[",
    b"]",
    b"(",
    b")",
)


def mutated(document: bytes, chance: random.Random, other: bytes) -> bytes:
    """`document` after one to three mutations, and never the same; `other` is another document."""
    made = document
    while made == document:
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            made = chance.choice(MUTATIONS)(made, chance, other) if made else document
    return made


def _place(document: bytes, chance: random.Random) -> int:
    """Anywhere, but half the time near the end, where the stamps are."""
    near = max(0, len(document) - 8000) if chance.random() < 0.5 else 0
    return chance.randrange(near, len(document))


def _span(document: bytes, chance: random.Random) -> tuple[int, int]:
    start = _place(document, chance)
    return start, min(len(document), start + chance.choice((1, 2, 5, 20, 100, 2000)))


def _put(document: bytes, start: int, end: int, new: bytes) -> bytes:
    return document[:start] + new + document[end:]


def flip(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    at = _place(document, chance)
    return _put(document, at, at + 1, bytes([document[at] ^ 1 << chance.randrange(8)]))


def overwrite(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    start, end = _span(document, chance)
    return _put(document, start, end, chance.randbytes(end - start))


def insert(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    at = _place(document, chance)
    return _put(document, at, at, chance.choice((*_GLUE, chance.randbytes(chance.randint(1, 20)))))


def delete(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    return _put(document, *_span(document, chance), b"")


def double(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    start, end = _span(document, chance)
    return _put(document, end, end, document[start:end])


def swap(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    first, second = sorted((_span(document, chance), _span(document, chance)))
    if first[1] > second[0]:
        return document
    one, two = document[slice(*first)], document[slice(*second)]
    return document[: first[0]] + two + document[first[1] : second[0]] + one + document[second[1] :]


def cut(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    return document[: _place(document, chance)]


def other_number(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    """Any number in the file, or one that tells where something is."""
    pattern = chance.choice((_NUMBER, _TELLING))
    found = pattern.search(document, _place(document, chance)) or pattern.search(document)
    inside = None if found is None else _NUMBER.search(document, *found.span())
    if inside is None:
        return document
    value = int(inside[0]) + chance.choice((-10, -1, 1, 2, 9, 10, 1000, -int(inside[0])))
    width = len(inside[0]) if chance.random() < 0.7 else 0
    return _put(document, *inside.span(), b"%0*d" % (width, max(-9, value)))


def other_word(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    """A word takes another's place, or goes, or comes twice."""
    one = _WORD.search(document, _place(document, chance))
    two = _WORD.search(document, _place(document, chance))
    if one is None or two is None:
        return document
    new = chance.choice((two[0], b"", one[0] + b" " + one[0], two[0][: len(one[0])].ljust(len(one[0]))))
    return _put(document, *one.span(), new)


def object_again(document: bytes, chance: random.Random, other: bytes) -> bytes:
    """An object of this document or another one, once more, anywhere."""
    objects = _OBJECT.findall(chance.choice((document, document, other))[-20000:])
    at = chance.choice((_place(document, chance), len(document), document.rfind(b"startxref")))
    return _put(document, at, at, chance.choice(objects)) if objects and at >= 0 else document


def fragment(document: bytes, chance: random.Random, other: bytes) -> bytes:
    """A piece of another document, or of this one, behind or within."""
    start, end = _span(other, chance)
    piece = chance.choice((other[start:end], other[start:], document[_place(document, chance) :]))
    at = chance.choice((len(document), len(document), _place(document, chance)))
    return _put(document, at, at, piece)


def grafted(document: bytes, chance: random.Random, other: bytes) -> bytes:
    """The head of one document with the tail of another, from one of their ends on."""
    heads = [found.end() for found in re.finditer(rb"%%EOF\s", document)]
    tails = [found.end() for found in re.finditer(rb"%%EOF\s", other)]
    return document[: chance.choice(heads or [9])] + other[chance.choice(tails or [9]) :]


def seal_spelled_otherwise(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    """Within the room for the signature, which no signature covers."""
    found = chance.choice(list(_CONTENTS.finditer(document)) or [None])
    if found is None:
        return document
    at = chance.randrange(found.start() + len(b"/Contents <"), found.end())
    if chance.random() < 0.3:
        return (
            document[: found.start()]
            + found[0].upper().replace(b"/CONTENTS", b"/Contents")
            + document[found.end() :]
        )
    return _put(
        document, at, at + chance.choice((0, 1)), chance.choice((b"0", b"1", b"F", b" ", b"\n", b">", b"%"))
    )


def line_ends(document: bytes, chance: random.Random, _other: bytes) -> bytes:
    start, end = _span(document, chance)
    old, new = chance.sample((b"\n", b"\r\n", b"\r", b" ", b"  "), 2)
    return _put(document, start, end, document[start:end].replace(old, new))


MUTATIONS: tuple[Mutation, ...] = (
    flip, overwrite, insert, delete, double, swap, cut, other_number, other_number, other_word, object_again,
    fragment, grafted, seal_spelled_otherwise, line_ends,
)  # fmt: skip
