"""The syntax of PDF objects as spans of bytes.

Nothing is turned into a value, so that nothing is written back changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bubuh.pdf.lean.declined import Declined, Why

Span = tuple[int, int]  #: start and end in some buffer
Ref = tuple[int, int]  #: object number and generation

MOST_TOKENS: Final = 500_000

_WHITE: Final = rb"\x00\t\n\x0c\r "
GAP: Final = rb"(?:[" + _WHITE + rb"]++|%[^\r\n]*+)*+"
_ENDS: Final = rb"(?![^" + _WHITE + rb"()<>\[\]{}/%])"  # a delimiter follows, or nothing
_PAREN: Final = rb"[^()\\]++|\\."
_NAME_FORM: Final = rb"/[^" + _WHITE + rb"()<>\[\]{}/%]*+"
_REF_FORM: Final = rb"\d{1,7}[" + _WHITE + rb"]++\d{1,5}[" + _WHITE + rb"]++R" + _ENDS
_ATOM_FORM: Final = (
    rb"(?:[+-]?(?:\d++\.?\d*+|\.\d++)|true|false|null)" + _ENDS + rb"|<[0-9A-Fa-f" + _WHITE + rb"]*+>"
    rb"|\((?:" + _PAREN + rb"|\((?:" + _PAREN + rb"|\((?:" + _PAREN + rb")*+\))*+\))*+\)"
)
_TOKEN: Final = re.compile(
    GAP + rb"(?:(<<|\[)|(>>|\])|(" + _NAME_FORM + rb")|(" + _REF_FORM + rb")|(" + _ATOM_FORM + rb")|(.|\Z))",
    re.DOTALL,
)


def _nested(value: bytes) -> bytes:
    """The form of `value`, of an array of such, or of a dictionary of such."""
    pair = GAP + _NAME_FORM + GAP + rb"(?:" + value + rb")"
    return (
        value
        + rb"|\[(?:"
        + GAP
        + rb"(?:"
        + value
        + rb"))*+"
        + GAP
        + rb"\]|<<(?:"
        + pair
        + rb")*+"
        + GAP
        + rb">>"
    )


_FLAT: Final = _NAME_FORM + rb"|" + _REF_FORM + rb"|" + _ATOM_FORM
#: One entry of a dictionary, its value nested twice at most, in one step; or the end; or something else.
_ENTRY: Final = re.compile(
    GAP + rb"(?:(" + _NAME_FORM + rb")" + GAP + rb"(" + _nested(_nested(_FLAT)) + rb")|(>>)|(.|\Z))",
    re.DOTALL,
)
_START: Final = re.compile(GAP + rb"<<")
_OPEN, _CLOSE, _NAME, _REF, _ATOM, _ODD = range(1, 7)  # groups of _TOKEN
_VALUE, _END = 2, 3  # groups of _ENTRY

_REFERENCE: Final = re.compile(rb"(\d{1,7})[" + _WHITE + rb"]++(\d{1,5})[" + _WHITE + rb"]++R")
_REFERENCES: Final = re.compile(
    rb"\[["
    + _WHITE
    + rb"]*+(?:"
    + _REFERENCE.pattern
    + rb"(?![^\]"
    + _WHITE
    + rb"])["
    + _WHITE
    + rb"]*+)*+\]"
)
_PLAIN_ARRAY: Final = re.compile(
    rb"\[(?:[\t\n\f\r ]*+[+-]?(?:\d++\.?\d*+|\.\d++)(?=[\t\n\f\r \]]))*+[\t\n\f\r ]*+\]"
)
_NUMBERS: Final = re.compile(rb"[+-]?(?:\d++\.?\d*+|\.\d++)")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_BACKSLASHED: Final = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|.))|\r\n?", re.DOTALL)
_MEANT: Final = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r\n": b"", b"\r": b"", b"\n": b"",
}  # fmt: skip
_INTEGER: Final = re.compile(rb"[+-]?\d{1,18}")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dictionary in a buffer: where it lies, and where the value under each of its keys does."""

    data: bytes
    span: Span
    values: dict[bytes, Span]

    def get(self, key: bytes) -> bytes | None:
        """The bytes of the value under `key`; None when it is absent or null."""
        span = self.values.get(key)
        if span is None:
            return None
        value = self.data[span[0] : span[1]]
        return None if value == b"null" else value

    def integer(self, key: bytes) -> int:
        """The whole number under `key`, written in place."""
        return integer(self.get(key))


def dictionary(data: bytes, at: int) -> Dictionary:
    """The dictionary that begins at `at`, after blanks; raises `Declined`."""
    begun = _START.match(data, at)
    if begun is None:
        raise Declined(Why.OBJECT, "not a dictionary")
    values: dict[bytes, Span] = {}
    for entry in _ENTRY.finditer(data, begun.end()):
        kind = entry.lastindex
        if kind == _VALUE:
            key = entry[1]
            if b"#" in key:
                key = _name(key)
            if key in values:
                raise Declined(Why.DUPLICATE_KEY)
            values[key] = entry.span(_VALUE)
        elif kind == _END:
            return Dictionary(data, (begun.end() - 2, entry.end()), values)
        else:
            break
    return _deep_dictionary(data, begun.end() - 2)


def _deep_dictionary(data: bytes, at: int) -> Dictionary:
    """The same for values nested as deep as they like, token by token."""
    values: dict[bytes, Span] = {}
    key: bytes | None = None
    first = -1
    for kind, start, end, depth in _walk(data, at):
        if start == at:
            continue
        if depth == 0:
            if key is not None:
                break
            return Dictionary(data, (at, end), values)
        if depth == 1 and key is None:
            if kind != _NAME:
                break
            key, first = _name(data[start:end]), -1
            if key in values:
                raise Declined(Why.DUPLICATE_KEY)
            continue
        first = start if first < 0 else first
        if depth == 1 and key is not None:
            values[key], key = (first, end), None
    raise Declined(Why.TOKEN, "a dictionary that does not end as it should")


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
    if _REFERENCES.fullmatch(written) is None:
        raise Declined(Why.TOKEN, "not an array of references")
    return [(int(number), int(generation)) for number, generation in _REFERENCE.findall(written)]


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


def text(written: bytes) -> str:
    """What a string says, for comparing: letters that are not ASCII need not come out right."""
    if written.startswith(b"("):
        octets = _BACKSLASHED.sub(_meant, written[1:-1])
    elif written.startswith(b"<") and not written.startswith(b"<<"):
        digits = b"".join(written[1:-1].replace(b"\0", b" ").split())
        octets = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    else:
        raise Declined(Why.OBJECT, "not a string")
    if octets.startswith((b"\xfe\xff", b"\xff\xfe")):
        return octets.decode("utf-16", "replace")
    return octets.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


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
