"""A pass: the right to use what is queued for, for one account and a short time, checked by itself.

    version u8 | lane u8 | generation u16 | number u64 | expires at u32 | account i64 | mark 16

A voucher is the site's word to the gate that an account is the one signed in, and that it may join a
reserved lane, if it names one; marked with the same ring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from struct import Struct
from typing import Final, NamedTuple

from bubuh.core.ids import AccountId
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.refusals import PassNeeded, TurnRefused

PASS_BYTES: Final = 40
PASS_LIFE_S: Final = 15 * 60  #: after the last act
RENEW_AFTER_S: Final = 60  #: a younger pass is not renewed by use
VOUCHER_BYTES: Final = 32

_VERSION: Final = 1
_BODY: Final = Struct(">BBHQIq")
_GENERATION: Final = Struct(">H")
_VOUCHER: Final = Struct(">HxBIq")
_PASS_DOMAIN: Final = b"pass"
_VOUCHER_DOMAIN: Final = b"vouch"
_VOUCHER_LIFE_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Who may go on, until when."""

    lane: int
    gen: int
    number: int  #: of the turn it was given for; 0: none was needed
    expires_at: int  #: seconds since 1970
    account_id: AccountId

    def renewed(self, *, now_s: int) -> Pass | None:
        """The pass that lasts from now on; None while this one is young."""
        expires_at = now_s + PASS_LIFE_S
        return replace(self, expires_at=expires_at) if expires_at - self.expires_at > RENEW_AFTER_S else None


def give(wanted: Pass, ring: KeyRing) -> bytes:
    """The 40 bytes of a pass."""
    body = _BODY.pack(
        _VERSION, wanted.lane, wanted.gen, wanted.number, wanted.expires_at, int(wanted.account_id)
    )
    mark = ring.mark(wanted.gen, _PASS_DOMAIN + body)
    assert mark is not None, "a pass is marked with a key of the ring"
    return body + mark


def check_pass(given: bytes, ring: KeyRing, account_id: AccountId, *, now_s: int) -> Pass:
    """The pass in `given`, good for `account_id` now; raises `PassNeeded`."""
    if len(given) != PASS_BYTES:
        raise PassNeeded
    body, (gen,) = given[: _BODY.size], _GENERATION.unpack_from(given, 2)
    if not ring.holds(gen, _PASS_DOMAIN + body, given[_BODY.size :]):
        raise PassNeeded
    version, lane, gen, number, expires_at, owner = _BODY.unpack(body)
    if version != _VERSION or owner != account_id or now_s >= expires_at:
        raise PassNeeded
    return Pass(lane=lane, gen=gen, number=number, expires_at=expires_at, account_id=AccountId(owner))


def end_of(given: bytes) -> int:
    """When a pass that was just given ends; seconds since 1970. Nothing of it is checked."""
    _, _, _, _, expires_at, _ = _BODY.unpack_from(given)
    return int(expires_at)


class Vouched(NamedTuple):
    """What the site says."""

    account_id: AccountId  #: who is signed in
    lane: int  #: a reserved one that they may join; 0: none


def vouch(account_id: AccountId, ring: KeyRing, *, now_s: int, lane: int = 0) -> bytes:
    """The site's word, good for 30 s, that `account_id` is signed in, and may join `lane`."""
    body = _VOUCHER.pack(ring.generation, lane, now_s, int(account_id))
    mark = ring.mark(ring.generation, _VOUCHER_DOMAIN + body)
    assert mark is not None
    return body + mark


def read_voucher(given: bytes, ring: KeyRing, *, now_s: int) -> Vouched:
    """What the site says; raises `TurnRefused`."""
    if len(given) != VOUCHER_BYTES:
        raise TurnRefused
    body, (gen,) = given[: _VOUCHER.size], _GENERATION.unpack_from(given, 0)
    if not ring.holds(gen, _VOUCHER_DOMAIN + body, given[_VOUCHER.size :]):
        raise TurnRefused
    _, lane, said_at, account_id = _VOUCHER.unpack(body)
    if abs(now_s - said_at) > _VOUCHER_LIFE_S:
        raise TurnRefused
    return Vouched(AccountId(account_id), lane)
