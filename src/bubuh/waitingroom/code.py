"""A turn as 16 characters that can be read out over a telephone.

    lane 6 | generation 6 | number 36 | look 12 | own 20 bits

`look` shows that the code is one of ours, so that a slip is noticed and a place can be looked up anywhere;
`own` shows whose it is, so that entering by code needs the account the turn is bound to.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

from bubuh.core.ids import AccountId
from bubuh.waitingroom.keyring import GENERATIONS, KeyRing
from bubuh.waitingroom.refusals import TurnForeign, TurnRefused
from bubuh.waitingroom.turn import ANYONE, Turn, bind_of

CODE_LENGTH: Final = 16
LANES: Final = 64  #: that a code can name
MOST_NUMBER: Final = 2**36 - 1

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_VALUES: Final = {char: value for value, char in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_LETTERS: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode()
)  # of RFC 4648 to ours
_PACKED_BYTES: Final = CODE_LENGTH * 5 // 8
_LOOK_BITS: Final = 12
_OWN_BITS: Final = 20


def code_of(turn: Turn, ring: KeyRing) -> str:
    """The code of `turn`, in four groups of four."""
    assert turn.lane < LANES
    assert turn.number <= MOST_NUMBER
    look = _bits(ring, turn.gen, b"look", turn.lane, turn.number, 0, _LOOK_BITS)
    own = _bits(ring, turn.gen, b"own", turn.lane, turn.number, turn.bind, _OWN_BITS)
    packed = turn.lane << 6 | turn.gen % GENERATIONS
    packed = (packed << 36 | turn.number) << 32 | look << _OWN_BITS | own
    shown = base64.b32encode(packed.to_bytes(_PACKED_BYTES)).translate(_LETTERS).decode("ascii")
    return f"{shown[:4]}-{shown[4:8]}-{shown[8:12]}-{shown[12:]}"


def look_up(code: str, ring: KeyRing) -> tuple[int, int]:
    """Lane and number of `code`, for anyone who has it; raises `TurnRefused`."""
    lane, _, number, _ = _read(code, ring)
    return lane, number


def turn_of(code: str, ring: KeyRing, account_id: AccountId, *, now_s: int) -> Turn:
    """The turn of `code`, to be entered with by `account_id`; raises `TurnRefused` and `TurnForeign`.

    A code does not say when its turn was issued: the lane's floor ends it.
    """
    lane, gen, number, own = _read(code, ring)
    for bind in (bind_of(account_id), ANYONE):
        expected = _bits(ring, gen, b"own", lane, number, bind, _OWN_BITS)
        if hmac.compare_digest(expected.to_bytes(4), own.to_bytes(4)):
            return Turn(lane=lane, gen=gen, number=number, issued_at=now_s, bind=bind)
    raise TurnForeign


def _read(code: str, ring: KeyRing) -> tuple[int, int, int, int]:
    plain = code.upper().replace("-", "").replace(" ", "")
    if len(plain) != CODE_LENGTH or any(char not in _VALUES for char in plain):
        raise TurnRefused
    packed = 0
    for char in plain:
        packed = packed << 5 | _VALUES[char]
    own, look = packed & 2**_OWN_BITS - 1, packed >> _OWN_BITS & 2**_LOOK_BITS - 1
    number, gen_bits, lane = packed >> 32 & MOST_NUMBER, packed >> 68 & 63, packed >> 74
    gen = ring.by_code(gen_bits)
    if gen is None:
        raise TurnRefused
    expected = _bits(ring, gen, b"look", lane, number, 0, _LOOK_BITS)
    if not hmac.compare_digest(expected.to_bytes(4), look.to_bytes(4)):
        raise TurnRefused
    return lane, gen, number, own


def _bits(ring: KeyRing, gen: int, kind: bytes, lane: int, number: int, bind: int, bits: int) -> int:
    """`bits` bits (at most 32) of a mark over the rest."""
    mark = ring.mark(gen, kind + lane.to_bytes(1) + number.to_bytes(8) + bind.to_bytes(8))
    assert mark is not None
    return int.from_bytes(mark[:4]) >> 32 - bits
