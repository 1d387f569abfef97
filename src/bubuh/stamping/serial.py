"""Serial numbers as rows count them and as the world reads them.

A number is `block * 1000 + offset`, below 2**58. Its text has 22 characters of 0-9A-Z: the issuer (2), a
keyed permutation of the number (19, base 36) and one check character (ISO/IEC 7064, MOD 37,36). The
permutation is a ten-round Feistel network over 96 bits with HMAC-SHA256 as round function (Luby and Rackoff,
1988): nobody without the key can tell the next number or how many there are, and all but one in 2**38
invented texts do not even decode to a possible number. The key is never rotated: a new key is a new issuer.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from bubuh.stamping.refusals import SerialUnknown

BLOCK: Final = 1_000  #: numbers a block
SERIAL_LETTERS: Final = 22
ISSUER_LETTERS: Final = 2
_BODY_LETTERS: Final = 19
_HALF_BITS: Final = 48
_HALF: Final = (1 << _HALF_BITS) - 1
_ROUNDS: Final = 10
_NUMBERS: Final = 1 << 58
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class SerialKey:
    """Turns numbers into serial texts and back, for one issuer."""

    issuer: str
    secret: bytes = field(repr=False)  #: 32 bytes

    def __post_init__(self) -> None:
        assert len(self.issuer) == ISSUER_LETTERS, "an issuer has two characters"
        assert set(self.issuer) <= set(_ALPHABET), "an issuer is of 0-9A-Z"
        assert len(self.secret) == 32, "the serial key has 32 bytes"

    def show(self, number: int) -> str:
        """The 22 characters that stand for `number`."""
        assert 0 <= number < _NUMBERS, "a serial number is below 2**58"
        left, right = number >> _HALF_BITS, number & _HALF
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._mix(turn, right)
        body = self.issuer + _base36(left << _HALF_BITS | right, _BODY_LETTERS)
        return body + check_character(body)

    def read(self, text: str) -> int:
        """The number that `text` stands for.

        Raises:
            SerialUnknown: wrong length, alphabet, check character or issuer, or a number that cannot be.
        """
        if len(text) != SERIAL_LETTERS or not set(text) <= set(_ALPHABET):
            raise SerialUnknown
        body = text[:-1]
        if check_character(body) != text[-1] or not body.startswith(self.issuer):
            raise SerialUnknown
        value = int(body[ISSUER_LETTERS:], 36)
        if value >= 1 << 2 * _HALF_BITS:
            raise SerialUnknown
        left, right = value >> _HALF_BITS, value & _HALF
        for turn in reversed(range(_ROUNDS)):
            left, right = right ^ self._mix(turn, left), left
        number = left << _HALF_BITS | right
        if number >= _NUMBERS:
            raise SerialUnknown
        return number

    def _mix(self, turn: int, half: int) -> int:
        message = bytes([turn]) + half.to_bytes(_HALF_BITS // 8)
        return int.from_bytes(hmac.digest(self.secret, message, "sha256")[: _HALF_BITS // 8])


def check_character(body: str) -> str:
    """The check character of `body`. Source: ISO/IEC 7064:2003, hybrid system MOD 37,36."""
    product = 36
    for letter in body:
        total = (product + _ALPHABET.index(letter)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(1 - product) % 36]


def block_of(number: int) -> int:
    """The block that `number` belongs to."""
    return number // BLOCK


def _base36(value: int, letters: int) -> str:
    digits = []
    for _ in range(letters):
        value, digit = divmod(value, 36)
        digits.append(_ALPHABET[digit])
    assert value == 0, "the permutation's range fits the body"
    return "".join(reversed(digits))
