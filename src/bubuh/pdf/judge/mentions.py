"""Whether bytes mention an object: a reference to its number, however it is spelled."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_WHITE: Final = rb"\x00\t\n\f\r "
_GAP: Final = rb"(?:[" + _WHITE + rb"]|%[^\r\n]*[\r\n])+"
_OF_A_NUMBER: Final = frozenset(bytes([digit]) for digit in b"123456789.")

#: The R of a reference. An expression that begins with one fixed byte skips through a picture's megabyte many
#: times as fast as one that begins with a choice.
_R: Final = re.compile(rb"R(?<=[" + _WHITE + rb"]R)")
#: What stands before it, read backwards: blanks, the generation, blanks, the number.
_BACKWARDS: Final = re.compile(rb"([" + _WHITE + rb"]+)(?:\d+([" + _WHITE + rb"]+)(\d+)?)?")
_NEAR_BYTES: Final = 64
#: The same with comments in it, read forwards.
_SPELLED: Final = re.compile(rb"(\d+)" + _GAP + rb"\d+" + _GAP + rb"R\Z")
_FAR_BYTES: Final = 1024
#: All lines but the first, which may be cut, are part of a reference that began before.
_BEGAN_BEFORE: Final = re.compile(rb"[^\r\n]*(?:[\r\n](?:" + _GAP + rb")?(?:\d+" + _GAP + rb")?R)?\Z")


def mentions(text: bytes, numbers: Collection[int]) -> bool:
    """Whether `text` refers to an object of one of `numbers`.

    Comments and any white space may stand between the parts of a reference, and zeros before its numbers.
    """
    for found in _R.finditer(text):
        before = _numbers_before(text, found.start())
        if before is None:  # too far back to be told from here: all of it is looked at closely, once
            return any(_mentioned(text, b"%d" % wanted) for wanted in sorted(numbers))
        if any(number in numbers for number in before):
            return True
    return False


def _numbers_before(text: bytes, end: int) -> tuple[int, ...] | None:
    """The object numbers that may belong to the R at `end`: comments read over, or not; None when unknown."""
    found = _BACKWARDS.match(text[max(0, end - _NEAR_BYTES) : end][::-1])
    assert found is not None, "an R without a blank before it"
    near = () if found[3] is None else (int(found[3][::-1]),)
    blanks = found[1] + (found[2] or b"")
    if b"\n" not in blanks and b"\r" not in blanks and found.end() < _NEAR_BYTES:
        return near  # no comment can end there
    far = _numbers_afar(text, end)
    return None if far is None else near + far


def _numbers_afar(text: bytes, end: int) -> tuple[int, ...] | None:
    far = text[max(0, end - _FAR_BYTES) : end + 1]
    if end > _FAR_BYTES and _BEGAN_BEFORE.match(far) is not None:
        return None
    return tuple(int(number) for number in _SPELLED.findall(far))


def _mentioned(text: bytes, number: bytes) -> bool:
    """The same for one number and however far its parts are, at a hundred times the price."""
    found = re.compile(number + _GAP + rb"\d+" + _GAP + rb"R").finditer(text)
    return any(_begins(text, match.start()) for match in found)


def _begins(text: bytes, place: int) -> bool:
    """Whether a number begins at `place`, after zeros perhaps."""
    while place > 0 and text[place - 1 : place] == b"0":
        place -= 1
    return place == 0 or text[place - 1 : place] not in _OF_A_NUMBER
