"""The syntax of PDF objects as spans of bytes.

Nothing is turned into a value, so that nothing is written back changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bubuh.pdf.lean.declined import Declined, Why

Span = tuple[int, int]  #: start and end in some buffer
Ref = tuple[int, int]  #: object number and generation

MOST_TOKENS: Final = 500_000


def _any(form: bytes) -> bytes:
    """As many of `form` as there are, never fewer.

    Not a possessive group: before Python 3.11.5 one that fails half-way leaves the match where it failed.
    """
    return rb"(?>(?:" + form + rb")*)"


def _maybe(form: bytes) -> bytes:
    """One `form` if it is there."""
    return rb"(?>(?:" + form + rb")?)"


_WHITE: Final = rb"\x00\t\n\x0c\r "
_BLANK: Final = rb"[" + _WHITE + rb"]"
GAP: Final = _BLANK + rb"*+" + _any(rb"%[^\r\n]*+" + _BLANK + rb"*+")
_ENDS: Final = rb"(?![^" + _WHITE + rb"()<>\[\]{}/%])"  # a delimiter follows, or nothing
_NAME_FORM: Final = rb"/[^" + _WHITE + rb"()<>\[\]{}/%]*+"
_REF_FORM: Final = rb"\d{1,7}+" + _BLANK + rb"++\d{1,5}+" + _BLANK + rb"++R" + _ENDS
_DECIMAL: Final = rb"(?:\d++\.?\d*+|\.\d++)"


def _string(depth: int) -> bytes:
    """A literal string with parentheses in it, `depth` deep at most."""
    held = rb"[^()\\]++|\\." + (rb"|" + _string(depth - 1) if depth else rb"")
    return rb"\(" + _any(held) + rb"\)"


def _atom(string_depth: int) -> bytes:
    return (
        rb"(?:[+-]?" + _DECIMAL + rb"|true|false|null)" + _ENDS + rb"|<[0-9A-Fa-f" + _WHITE + rb"]*+>|"
    ) + _string(string_depth)


_ATOM_FORM: Final = _atom(2)
_TOKEN: Final = re.compile(
    GAP + rb"(?:(<<|\[)|(>>|\])|(" + _NAME_FORM + rb")|(" + _REF_FORM + rb")|(" + _atom(8) + rb")|(.|\Z))",
    re.DOTALL,
)


def _array(value: bytes) -> bytes:
    return rb"\[" + GAP + _any(rb"(?:" + value + rb")" + GAP) + rb"\]"


def _dictionary(value: bytes) -> bytes:
    return rb"<<" + GAP + _any(_NAME_FORM + GAP + rb"(?:" + value + rb")" + GAP) + rb">>"


#: What most values are, tried first: a name, a reference or a number that begins with a digit.
_USUAL: Final = _NAME_FORM + rb"|\d++" + _maybe(_BLANK + rb"++\d{1,5}+" + _BLANK + rb"++R|\.\d*+") + _ENDS
_FLAT: Final = _USUAL + rb"|" + _ATOM_FORM
_NESTED: Final = rb"|".join((_USUAL, _dictionary(_FLAT + rb"|" + _array(_FLAT)), _array(_FLAT), _ATOM_FORM))
_VALUE: Final = rb"|".join((_USUAL, _dictionary(_NESTED), _array(_NESTED), _ATOM_FORM))
#: One entry of a dictionary with the gap after it, its value missing when it is nested more than twice or is
#: none; or the end, and whether the object ends there too; or something else.
_ENTRY: Final = re.compile(
    rb"(" + _NAME_FORM + rb")" + GAP + _maybe(rb"(" + _VALUE + rb")" + GAP)
    + rb"|(>>)" + _maybe(rb"(" + GAP + rb"endobj)") + rb"|(?:.|\Z)",
    re.DOTALL,
)  # fmt: skip
#: The same where a dictionary is plain: no escapes in keys, nothing nested deeper, only blanks at the end.
_PLAIN: Final = re.compile(
    rb"(/[^" + _WHITE + rb"()<>\[\]{}/%#]*+)" + GAP + rb"(" + _VALUE + rb")" + GAP
    + rb"|(>>" + _BLANK + rb"*+\Z)|.",
    re.DOTALL,
)  # fmt: skip
_MOST_PLAIN_BYTES: Final = 8192
OPENED: Final = GAP + rb"(<<)" + GAP  #: the beginning of a dictionary, to its first entry
_START: Final = re.compile(OPENED)
_GAP: Final = re.compile(GAP)
_OPEN, _CLOSE, _NAME, _REF, _ATOM, _ODD = range(1, 7)  # groups of _TOKEN

_REFERENCE: Final = re.compile(rb"(\d{1,7})[" + _WHITE + rb"]++(\d{1,5})[" + _WHITE + rb"]++R")
_REFERENCES: Final = re.compile(
    rb"\[" + _BLANK + rb"*+"
    + _any(_REFERENCE.pattern + rb"(?![^\]" + _WHITE + rb"])" + _BLANK + rb"*+")
    + rb"\]"
)  # fmt: skip
_PLAIN_ARRAY: Final = re.compile(
    rb"\[" + _any(rb"[\t\n\f\r ]*+[+-]?(?:\d++\.?\d*+|\.\d++)(?=[\t\n\f\r \]])") + rb"[\t\n\f\r ]*+\]"
)
_NUMBERS: Final = re.compile(rb"[+-]?(?:\d++\.?\d*+|\.\d++)")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_BACKSLASHED: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|.))|\r\n?", re.DOTALL)
_MEANT: Final = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r\n": b"", b"\r": b"", b"\n": b"",
}  # fmt: skip
_INTEGER: Final = re.compile(rb"[+-]?\d{1,18}")


class Dictionary(NamedTuple):
    """A dictionary in a buffer: where it lies, and the value under each of its keys as it is written."""

    data: bytes
    span: Span
    values: dict[bytes, bytes | None]  #: null is None
    ends_object: bool  #: whether endobj follows, or the bound that it was read to

    def get(self, key: bytes) -> bytes | None:
        """The bytes of the value under `key`; None when it is absent or null."""
        return self.values.get(key)

    def integer(self, key: bytes) -> int:
        """The whole number under `key`, written in place."""
        return integer(self.values.get(key))

    def place(self, key: bytes) -> Span:
        """Where the value under `key`, which is there, lies in the buffer."""
        at = _past_gap(self.data, self.span[0] + len(b"<<"))
        while (entry := _ENTRY.match(self.data, at)) is not None and entry[1] is not None:
            start, end = entry.span(2) if entry[2] is not None else value(self.data, entry.end())
            if _name(entry[1]) == key:
                return start, end
            at = _past_gap(self.data, end)
        raise AssertionError("a key that is not there")


def dictionary(data: bytes, at: int, bound: int = -1) -> Dictionary:
    """The dictionary that begins at `at`, after blanks; raises `Declined`. `bound` is as in `entries`."""
    opened = _START.match(data, at)
    if opened is None:
        raise Declined(Why.OBJECT, "not a dictionary")
    return entries(data, opened.start(1), opened.end(), bound)


def bounded(data: bytes, start: int, at: int, word: bytes) -> Dictionary:
    """The same where `word` should follow; it begins at `start`, its first entry or end is at `at`."""
    return entries(data, start, at, data.find(word, at, at + _MOST_PLAIN_BYTES))


def entries(data: bytes, start: int, at: int, bound: int) -> Dictionary:
    """The same; where a plain one fills the buffer up to `bound`, one step reads all of it: most are such."""
    if bound > at:
        found = _PLAIN.findall(data, at, bound)
        closing = found.pop()[2]
        values = {key: written for key, written, _ in found}
        if closing and len(values) == len(found) and b"" not in values and b"null" not in values.values():
            return Dictionary(data, (start, bound - len(closing) + len(b">>")), values, ends_object=True)
    return _entries(data, start, at)


def _entries(data: bytes, start: int, at: int) -> Dictionary:
    values: dict[bytes, bytes | None] = {}
    while True:
        for entry in _ENTRY.finditer(data, at):
            key, written, end, ended = entry.groups()
            if key is None:
                if end is None:
                    raise Declined(Why.TOKEN, "a dictionary that does not end as it should")
                return Dictionary(data, (start, entry.end(3)), values, ended is not None)
            if b"#" in key:
                key = _name(key)
            if key in values:
                raise Declined(Why.DUPLICATE_KEY)
            if written is None:
                break
            values[key] = None if written == b"null" else written
        first, last = value(data, entry.end())
        values[key] = data[first:last]
        at = _past_gap(data, last)


def _past_gap(data: bytes, at: int) -> int:
    gap = _GAP.match(data, at)
    assert gap is not None, "no gap is a gap too"
    return gap.end()


def value(data: bytes, at: int) -> Span:
    """Where the one value that begins at `at`, after blanks, lies; raises `Declined`."""
    first = -1
    for _kind, start, end, depth in _walk(data, at):
        first = start if first < 0 else first
        if depth == 0:
            return first, end
    raise Declined(Why.TOKEN, "no value")


def _walk(data: bytes, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Kind, start, end of each token from `at` and how deep one is after it; brackets must match."""
    stack: list[bytes] = []
    for count, token in enumerate(_TOKEN.finditer(data, at)):
        kind = token.lastindex
        if kind is None or kind == _ODD or count > MOST_TOKENS:
            raise Declined(Why.TOKEN)
        start, end = token.span(kind)
        if kind == _OPEN:
            stack.append(b">>" if end - start == 2 else b"]")
        elif kind == _CLOSE and (not stack or stack.pop() != token[kind]):
            raise Declined(Why.TOKEN, "brackets do not match")
        yield kind, start, end, len(stack)


def reference(written: bytes | None) -> Ref | None:
    """The reference that `written` is; None when it is something else."""
    match = None if written is None else _REFERENCE.fullmatch(written)
    return None if match is None else (int(match[1]), int(match[2]))


def references(written: bytes) -> list[Ref]:
    """The references of an array of nothing else; raises `Declined`."""
    if _REFERENCES.fullmatch(written) is not None:
        return [(int(number), int(generation)) for number, generation in _REFERENCE.findall(written)]
    found = [reference(item) for item in items(written)]  # with comments in it, or nothing between
    if None in found:
        raise Declined(Why.TOKEN, "not an array of references")
    return [ref for ref in found if ref is not None]


def items(written: bytes) -> list[bytes]:
    """The items of an array, as they are written; raises `Declined`."""
    if not written.startswith(b"["):
        raise Declined(Why.OBJECT, "not an array")
    if _PLAIN_ARRAY.fullmatch(written) is not None:
        return written[1:-1].split()
    found: list[bytes] = []
    first = -1
    for _kind, start, end, depth in _walk(written, 0):
        if depth == 0:
            return found
        first = start if first < 0 and start else first
        if depth == 1 and start:
            found.append(written[first:end])
            first = -1
    raise Declined(Why.TOKEN, "an array without end")


def integer(written: bytes | None) -> int:
    """The whole number that `written` is; raises `Declined`."""
    if written is None or _INTEGER.fullmatch(written) is None:
        raise Declined(Why.OBJECT, "not a whole number")
    return int(written)


def decimal(written: bytes) -> float:
    """The number that `written` is; raises `Declined`."""
    if _NUMBERS.fullmatch(written) is None:
        raise Declined(Why.OBJECT, "not a number")
    return float(written)


def octets(written: bytes) -> bytes:
    """The bytes that a string stands for; raises `Declined`."""
    if written.startswith(b"("):
        return _BACKSLASHED.sub(_meant, written[1:-1])
    if written.startswith(b"<") and not written.startswith(b"<<"):
        digits = b"".join(written[1:-1].replace(b"\0", b" ").split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    raise Declined(Why.OBJECT, "not a string")


def text(found: bytes) -> str:
    """What a string's bytes say, for comparing: letters that are not ASCII need not come out right."""
    if found.startswith((b"\xfe\xff", b"\xff\xfe")):
        return found.decode("utf-16", "replace")
    return found.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _meant(match: re.Match[bytes]) -> bytes:
    """What a backslash and what follows it stand for; a bare line end is a line feed."""
    if match[1] is not None:
        return bytes((int(match[1], 8) & 0xFF,))
    return b"\n" if match[2] is None else _MEANT.get(match[2], match[2])


def _name(written: bytes) -> bytes:
    """A name without its escapes."""
    if b"#" not in written:
        return written
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), written)
