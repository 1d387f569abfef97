"""Ids as rows hold them and as the world sees them.

An account's id is a positive 62-bit integer. Everything an account owns has a 128-bit id (UUID version 8)
whose first byte is the account's shard, so that an id alone says where its row lives. Outside, ids are
`prefix_` and Crockford base 32: `acc_…`, `ord_…`, `doc_…`, `stm_…`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final, NewType
from uuid import UUID

from bubuh.core.errors import Refusal
from bubuh.core.shards import SHARDS, Shard, shard_of_account

AccountId = NewType("AccountId", int)
THE_SERVICE: Final = AccountId(0)  #: nobody's account: acts on the service itself are recorded under it

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_ACCOUNT_BITS: Final = 62
_ACCOUNT_LETTERS: Final = 13
_UUID_LETTERS: Final = 26
_MOST_LETTERS: Final = 32  # a power of two, for halving
_LETTERS: Final = ALPHABET.encode().ljust(256, b"?")  # by value


def _halving(letters: int) -> tuple[int, int, int]:
    """How twice so many letters of five bits come apart into halves of eight bits a letter.

    How far the high ones move; where the low ones are in each group, where the high ones.
    """
    group = (1 << 5 * letters) - 1
    places = range(0, 8 * _MOST_LETTERS, 8 * 2 * letters)
    low = sum(group << at for at in places)
    return (8 - 5) * letters, low, low << 5 * letters


_HALVINGS: Final = tuple(map(_halving, (16, 8, 4, 2, 1)))


class MalformedId(Refusal):
    """A text is not an id of the wanted kind; to its reader the thing simply does not exist."""

    code = "not_found"


def fresh_account_id(random_bits: Callable[[int], int] = secrets.randbits) -> AccountId:
    """A new account id: not guessable, evenly spread over the shards."""
    return AccountId(1 + random_bits(_ACCOUNT_BITS) % ((1 << _ACCOUNT_BITS) - 1))


def child_account_id(parent_id: AccountId, route: str, key: str) -> AccountId:
    """The account that `key` opens below `parent_id`, for ever; in the parent's shard, where both move."""
    material = "\0".join(("bubuh-child-1", str(parent_id), route, key)).encode()
    digest = int.from_bytes(hashlib.sha256(material).digest()[:8]) >> 64 - _ACCOUNT_BITS
    child = digest // SHARDS * SHARDS + shard_of_account(parent_id)
    return AccountId(child or SHARDS)


def founded_account_id(user_id: UUID, key: str) -> AccountId:
    """The account that the user's `key` founds, for ever."""
    material = "\0".join(("bubuh-founded-1", str(user_id), key)).encode()
    return AccountId(int.from_bytes(hashlib.sha256(material).digest()[:8]) >> 64 - _ACCOUNT_BITS or 1)


def fresh_id(account_id: int, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> UUID:
    """A new id for something `account_id` owns."""
    return _owned(account_id, random_bytes(16))


def derived_id(account_id: int, route: str, key: str) -> UUID:
    """The id that `key` stands for, for ever: the same account, route and key give the same id."""
    material = "\0".join(("bubuh-id-1", str(account_id), route, key)).encode()
    return _owned(account_id, hashlib.sha256(material).digest()[:16])


def shard_of_id(owned_id: UUID) -> Shard:
    """The shard that an owned id names in its first byte."""
    return Shard(owned_id.bytes[0] & 0x3F)


def show_account(account_id: int) -> str:
    """`acc_` and 13 letters."""
    return "acc_" + _encode(account_id, _ACCOUNT_LETTERS)


def read_account(text: str) -> AccountId:
    """The account id that `text` shows; raises `MalformedId`."""
    value = _decode(text, "acc", _ACCOUNT_LETTERS)
    if not 0 < value < 1 << _ACCOUNT_BITS:
        raise MalformedId(kind="acc")
    return AccountId(value)


def show_id(prefix: str, owned_id: UUID) -> str:
    """`prefix_` and 26 letters."""
    return f"{prefix}_" + _encode(owned_id.int, _UUID_LETTERS)


def read_id(prefix: str, text: str) -> UUID:
    """The owned id that `text` shows; raises `MalformedId`."""
    value = _decode(text, prefix, _UUID_LETTERS)
    if value >= 1 << 128:
        raise MalformedId(kind=prefix)
    return UUID(int=value)


def _owned(account_id: int, material: bytes) -> UUID:
    raw = bytearray(material)
    raw[0] = shard_of_account(account_id)
    raw[6] = 0x80 | raw[6] & 0x0F  # version 8: the layout is ours (RFC 9562, 5.8)
    raw[8] = 0x80 | raw[8] & 0x3F
    return UUID(bytes=bytes(raw))


def _encode(value: int, letters: int) -> str:
    """Each five bits to a byte of their own, all at once: a table of pairs takes twice as long."""
    for apart, low, high in _HALVINGS:
        value = value & low | (value & high) << apart
    return value.to_bytes(_MOST_LETTERS)[-letters:].translate(_LETTERS).decode()


def _decode(text: str, prefix: str, letters: int) -> int:
    head, _, body = text.partition("_")
    if head != prefix or len(body) != letters:
        raise MalformedId(kind=prefix)
    value = 0
    for letter in body:
        if letter not in _VALUES:
            raise MalformedId(kind=prefix)
        value = value << 5 | _VALUES[letter]
    return value
