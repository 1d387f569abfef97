"""A turn: a place in a lane that its holder keeps, signed, so that nothing of it need be kept here.

    holder u8 | lane u8 | generation u16 | number u64 | issued at u32 | bind u64 | mark 16

The mark is checked before anything but the generation, which selects the key, is read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from bubuh.core.ids import AccountId
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.refusals import ProofNeeded, TurnForeign, TurnRefused

TURN_BYTES: Final = 40
TURN_LIFE_S: Final = 72 * 3600
PROOF_LIFE_S: Final = 30 * 24 * 3600  #: for so long it can be shown what became of it
ANYONE: Final = 0  #: the bind of a turn that nobody's account is bound to yet

_BODY: Final = Struct(">BBHQIQ")
_GENERATION: Final = Struct(">H")
_DOMAIN: Final = b"turn"


class Holder(IntEnum):
    """What `bind` is of: stands first in a turn."""

    ACCOUNT = 1
    KEY = 2  #: of a browser
    COOKIE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A number in a lane."""

    lane: int
    gen: int  #: of the key that marks it
    number: int  #: from 1; the smaller is called first
    issued_at: int  #: seconds since 1970
    bind: int  #: whose it is, see `bind_of`; ANYONE: whoever enters first
    holder: Holder = Holder.ACCOUNT

    def check_owner(self, account_id: AccountId) -> None:
        """See that `account_id` may enter with it; raises `TurnForeign`.

        Raises `ProofNeeded` for a browser's, until that has shown that it is: see `possession`.
        """
        if self.holder is not Holder.ACCOUNT:
            raise ProofNeeded
        if self.bind not in {ANYONE, bind_of(account_id)}:
            raise TurnForeign


def bind_of(account_id: AccountId) -> int:
    """What a turn says of its account: 64 bits of a hash, never `ANYONE`."""
    return int.from_bytes(hashlib.sha256(b"bind" + int(account_id).to_bytes(8, "big")).digest()[:8]) or 1


def issue(turn: Turn, ring: KeyRing) -> bytes:
    """The 40 bytes of `turn`."""
    body = _BODY.pack(turn.holder, turn.lane, turn.gen, turn.number, turn.issued_at, turn.bind)
    mark = ring.mark(turn.gen, _DOMAIN + body)
    assert mark is not None, "a turn is marked with a key of the ring"
    return body + mark


def read_turn(given: bytes, ring: KeyRing, *, now_s: int, life_s: int = TURN_LIFE_S) -> Turn:
    """The turn in `given`; raises `TurnRefused` for a forged, foreign or outlived one."""
    if len(given) != TURN_BYTES:
        raise TurnRefused
    body, (gen,) = given[: _BODY.size], _GENERATION.unpack_from(given, 2)
    if not ring.holds(gen, _DOMAIN + body, given[_BODY.size :]):
        raise TurnRefused
    holder, lane, gen, number, issued_at, bind = _BODY.unpack(body)
    if now_s - issued_at > life_s:
        raise TurnRefused
    return Turn(lane=lane, gen=gen, number=number, issued_at=issued_at, bind=bind, holder=Holder(holder))


def show_bytes(raw: bytes) -> str:
    """Turn or pass for links and cookies: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def read_bytes(text: str) -> bytes:
    """What `show_bytes` showed; raises `TurnRefused`."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise TurnRefused from error
