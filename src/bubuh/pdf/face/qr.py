"""The QR code on a face: error correction, mode and mask fixed, so that only the payload decides its bits.

In one version of the code each module is then an affine function of the data's bits over GF(2), because
Reed-Solomon is linear. So a code is a constant and what each letter at its place changes. segno makes the
constant, and every code that is not of this simple kind.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import getitem, xor
from typing import Any, Final

import segno

#: Fixed, so that each module is an affine function of the payload's bits; on random serial numbers
#: this mask had the least average penalty of the eight.
MASK: Final = 4
QUIET_MODULES: Final = 4  #: ISO/IEC 18004, 5.3.8

#: Versions 1 to 6 at level M: correction words a block, and how many data words each block has.
#: Blocks are of one size up to here. Source: ISO/IEC 18004, table 9.
_BLOCKS: Final[Mapping[int, tuple[int, tuple[int, ...]]]] = {
    1: (10, (16,)),
    2: (16, (28,)),
    3: (26, (44,)),
    4: (18, (32,) * 2),
    5: (24, (43,) * 2),
    6: (16, (27,) * 4),
}
_HEAD_BITS: Final = 12  #: mode and, here, eight bits of length
_OWN_LETTERS: Final = 22  #: at a payload's end, a serial number: what stands before is much the same
_TIMING: Final = 6  #: the column that the zigzag of words jumps over
_SMALLEST: Final = 21  #: modules of version 1, which has no alignment pattern
_PADDING: Final = b"\xec\x11"  #: after a word of zeros, as segno has it. ISO/IEC 18004, 7.4.10
_FIELD: Final = 0x11D  #: the polynomial of GF(256) that the standard chose


@dataclass(frozen=True, slots=True)
class Matrix:
    """A QR code as the rows of a one-bit image: each row padded to whole bytes, 1 is dark."""

    modules: int
    bits: bytes


def matrix(payload: str) -> Matrix:
    """The modules of `payload` at level M, in the smallest version that holds it; no quiet zone."""
    if payload.isascii() and (version := _version(len(payload))) is not None:
        return _linear(version).matrix(payload.encode("ascii"))
    code = _made(payload)
    return Matrix(modules=len(code.matrix), bits=_packed(code.matrix))


def read(code: Matrix) -> str:
    """What a code made by `matrix` says; raises ValueError when it is no such code, to the last module."""
    version = next((found for found in _BLOCKS if _modules(found) == code.modules), None)
    said = None if version is None else _linear(version).read(code)
    if said is None or not said.isascii() or matrix(said.decode("ascii")) != code:
        raise ValueError("not a code of ours")
    return said.decode("ascii")


def _modules(version: int) -> int:
    return _SMALLEST + 4 * (version - 1)


def _made(payload: str) -> Any:
    return segno.make(payload, error="m", mode="byte", mask=MASK, micro=False, boost_error=False)


def _packed(rows: Any) -> bytes:
    octets = (len(rows) + 7) // 8
    return b"".join(
        int("".join("1" if module else "0" for module in row).ljust(8 * octets, "0"), 2).to_bytes(
            octets, "big"
        )
        for row in rows
    )


def warm_up() -> None:
    """Make the tables for addresses of 27 to 84 letters, so that processes forked from this one have them."""
    for version in (3, 4, 5):
        _linear(version)


@functools.lru_cache(maxsize=128)
def _version(length: int) -> int | None:
    """The smallest version that holds so many letters, where it is one with a table."""
    fitting = (
        version for version, (_, blocks) in _BLOCKS.items() if 8 * sum(blocks) >= _HEAD_BITS + 8 * length
    )
    return next(fitting, None)


class _Letters(dict[int, int]):
    """By letter: the modules that it changes as the `at`th of a payload. Made as they occur."""

    def __init__(self, code: _Linear, at: int) -> None:
        super().__init__()
        self._code, self._at = code, at

    def __missing__(self, value: int) -> int:
        self[value] = change = self._code.decided(value, _HEAD_BITS + 8 * self._at, 8)
        return change


class _Linear:
    """Every code of one version: what none of the data's bits decides, and what each of them changes."""

    def __init__(self, version: int) -> None:
        self._corrections, self._blocks = _BLOCKS[version]
        self._capacity = sum(self._blocks)
        longest = "0" * (self._capacity - 2)
        code = _made(longest).matrix
        self._modules, self._octets = len(code), len(code) * ((len(code) + 7) // 8)
        self._places = _word_places(self._modules)
        remainders = _remainders(self._corrections, max(self._blocks))
        self._units = [self._unit(bit, remainders) for bit in range(8 * self._capacity)]
        self._letters = [_Letters(self, at) for at in range(len(longest))]
        self._begun = functools.lru_cache(maxsize=64)(self._beginning)
        self._constant = 0
        self._constant = int.from_bytes(_packed(code), "big") ^ self._bits(longest.encode("ascii"))
        self._begun.cache_clear()

    def matrix(self, payload: bytes) -> Matrix:
        """The code of `payload`."""
        return Matrix(self._modules, self._bits(payload).to_bytes(self._octets, "big"))

    def read(self, code: Matrix) -> bytes | None:
        """The letters in the data of `code`; whether the rest of it fits is not looked at."""
        if len(code.bits) != self._octets:
            return None
        bits = int.from_bytes(code.bits, "big") ^ self._constant
        data = 0
        for word in self._message():
            for place in self._places[8 * word : 8 * word + 8]:
                data = data << 1 | bool(bits & place)
        size = data >> (8 * self._capacity - _HEAD_BITS) & 0xFF
        rest = 8 * self._capacity - _HEAD_BITS - 8 * size
        return None if rest < 0 else (data >> rest & ((1 << 8 * size) - 1)).to_bytes(size, "big")

    def _message(self) -> Iterator[int]:
        """Where each word of the data stands among all words, in the order of the data."""
        for block, words in enumerate(self._blocks):
            for word in range(words):
                yield word * len(self._blocks) + block

    def decided(self, value: int, at: int, width: int) -> int:
        """The modules that the set bits of `value` change together, `width` bits that begin at bit `at`."""
        change = 0
        if value == 0:
            return change
        for bit, unit in zip(f"{value:0{width}b}", self._units[at : at + width], strict=True):
            if bit == "1":
                change ^= unit
        return change

    def _bits(self, payload: bytes) -> int:
        begun = self._begun(payload[:-_OWN_LETTERS], len(payload))
        own = self._letters[max(0, len(payload) - _OWN_LETTERS) : len(payload)]
        return functools.reduce(xor, map(getitem, own, payload[-_OWN_LETTERS:]), begun)

    def _beginning(self, letters: bytes, length: int) -> int:
        """The code of a payload of that length but for its last letters, where addresses differ."""
        padding = (b"\0" + _PADDING * self._capacity)[: self._capacity - 2 - length]
        bits = self._constant ^ self.decided(4 << 8 | length, 0, _HEAD_BITS)
        bits ^= self.decided(
            int.from_bytes(padding, "big"), 8 * (self._capacity - len(padding)), 8 * len(padding)
        )
        return functools.reduce(xor, map(getitem, self._letters, letters), bits)

    def _unit(self, bit: int, remainders: list[list[int]]) -> int:
        """The modules that one bit of the data changes: its own and those of the correction words."""
        block, word, value = 0, bit >> 3, 0x80 >> (bit & 7)
        while word >= self._blocks[block]:
            word -= self._blocks[block]
            block += 1
        count = len(self._blocks)
        change = self._at(word * count + block, value)
        for index, one in enumerate(remainders[self._blocks[block] - word - 1]):
            change ^= self._at(self._capacity + index * count + block, _product(one, value))
        return change

    def _at(self, word: int, value: int) -> int:
        """The modules of a word that are set in `value`."""
        places = self._places[8 * word : 8 * word + 8]
        return sum(place for bit, place in enumerate(places) if value >> (7 - bit) & 1)


@functools.cache
def _linear(version: int) -> _Linear:
    return _Linear(version)


def _word_places(side: int) -> list[int]:
    """For each bit of the words, in their order, the image with just its module set.

    Source: ISO/IEC 18004, 7.7.3: upwards and downwards in columns of two, from the right.
    """
    width = 8 * ((side + 7) // 8)
    return [
        1 << (side * width - 1 - (row * width + column))
        for row, column in _zigzag(side)
        if not _is_pattern(side, row, column)
    ]


def _is_pattern(side: int, row: int, column: int) -> bool:
    """Whether a module belongs to a finder, the format beside it, the timing or the one alignment."""
    corner = side - 8
    if _TIMING in {row, column} or (row <= 8 and (column <= 8 or column >= corner)):
        return True
    if row >= corner and column <= 8:
        return True
    middle = side - 7
    return side > _SMALLEST and abs(row - middle) <= 2 and abs(column - middle) <= 2


def _zigzag(side: int) -> Iterator[tuple[int, int]]:
    columns = range(side - 1, 0, -2)
    for turn, right in enumerate(column if column > _TIMING else column - 1 for column in columns):
        rows = range(side) if turn % 2 else range(side - 1, -1, -1)
        for row in rows:
            yield row, right
            yield row, right - 1


def _remainders(corrections: int, most: int) -> list[list[int]]:
    """The correction words of a message that is a one and, after it, 0, 1 … `most` - 1 zeros."""
    generator = _generator(corrections)
    found = [generator]
    while len(found) < most:
        lead, *rest = found[-1]
        found.append(
            [word ^ _product(lead, factor) for word, factor in zip((*rest, 0), generator, strict=True)]
        )
    return found


@functools.cache
def _generator(corrections: int) -> list[int]:
    """The generator polynomial without its leading one, the highest power first."""
    powers = [1]
    root = 1
    for _ in range(corrections):
        shifted = [*powers, 0]
        powers = [one ^ _product(root, other) for one, other in zip(shifted, [0, *powers], strict=True)]
        root = _product(root, 2)
    return powers[1:]


def _powers() -> tuple[list[int], list[int]]:
    """The powers of two in GF(256), twice over, and the exponent of each value."""
    powers, logs, value = [0] * 510, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value = value << 1 ^ (_FIELD if value & 0x80 else 0)
    return powers, logs


_POWERS, _LOGS = _powers()


def _product(one: int, other: int) -> int:
    """In GF(256)."""
    return _POWERS[_LOGS[one] + _LOGS[other]] if one and other else 0
