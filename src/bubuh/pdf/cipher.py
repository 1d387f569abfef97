"""The standard security handler where the user password is empty: anyone may open such a document.

Its key follows from the document alone. What is encrypted here comes out the same each time: AES-CBC wants a
fresh vector for each string, and two plans of one intent would differ if it were drawn at random. It is
derived from key, intent and plaintext, so that it is as unpredictable to whoever lacks the key, and the same
when it must be.

Source: ISO 32000-2, 7.6.3 and 7.6.4.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives import ciphers, padding
from cryptography.hazmat.primitives.ciphers import algorithms, modes

_VECTOR_BYTES: Final = 16
_LONGEST_OBJECT_KEY: Final = 16
_PADDING: Final = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_HASH_BYTES, _SALT_BYTES = 32, 8


class WrongPassword(Exception):
    """The empty user password does not open the document, or its entries do not agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """An encryption dictionary's entries, of revision 2, 3, 4 or 6; strings as bytes."""

    revision: int
    key_bytes: int
    uses_aes: bool
    encrypts_metadata: bool
    permissions: int  #: /P, as it is written: negative as a rule
    owner: bytes
    user: bytes
    user_key: bytes = b""  #: /UE, in revision 6
    sealed_permissions: bytes = b""  #: /Perms, in revision 6
    file_id: bytes = b""  #: the first half of /ID, decides the key before revision 6


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts and decrypts the strings and streams of one document."""

    key: bytes
    uses_aes: bool
    by_object: bool  #: whether each object has a key of its own: before revision 6

    @classmethod
    def of(cls, entries: Entries) -> Cipher:
        """The cipher that the empty user password gives; raises `WrongPassword`."""
        by_object = entries.revision < 6
        key = _legacy_key(entries) if by_object else _key(entries)
        return cls(key, entries.uses_aes, by_object)

    def encrypted(self, plaintext: bytes, number: int, *, seed: bytes) -> bytes:
        """A string or stream of the new object `number`, of generation 0."""
        key = self._object_key(number, 0)
        return with_derived_vector(key, seed, plaintext) if self.uses_aes else _rc4(key, plaintext)

    def decrypted(self, written: bytes, number: int, generation: int) -> bytes:
        """What a string or stream of that object says; raises ValueError."""
        key = self._object_key(number, generation)
        if not self.uses_aes:
            return _rc4(key, written)
        vector, rest = written[:_VECTOR_BYTES], written[_VECTOR_BYTES:]
        unpadder = padding.PKCS7(8 * _VECTOR_BYTES).unpadder()
        return unpadder.update(_decrypted(key, modes.CBC(vector), rest)) + unpadder.finalize()

    def _object_key(self, number: int, generation: int) -> bytes:
        """Algorithm 1; in revision 6, algorithm 1.A."""
        if not self.by_object:
            return self.key
        told = number.to_bytes(3, "little") + generation.to_bytes(2, "little")
        whole = _md5(self.key + told + (b"sAlT" if self.uses_aes else b""))
        return whole[: min(len(self.key) + len(told), _LONGEST_OBJECT_KEY)]


def with_derived_vector(key: bytes, seed: bytes, plaintext: bytes) -> bytes:
    """The vector and `plaintext` under AES-CBC: the same for the same three."""
    vector = hmac.digest(key, seed + plaintext, "sha256")[:_VECTOR_BYTES]
    padder = padding.PKCS7(8 * _VECTOR_BYTES).padder()
    return vector + _encrypted(key, modes.CBC(vector), padder.update(plaintext) + padder.finalize())


def _legacy_key(entries: Entries) -> bytes:
    """Algorithm 2, and 6 to see that the password is right."""
    told = (entries.permissions & 0xFFFFFFFF).to_bytes(4, "little")
    silent = b"" if entries.encrypts_metadata or entries.revision < 4 else b"\xff" * 4
    size = entries.key_bytes
    key = _md5(_PADDING + entries.owner + told + entries.file_id + silent)[:size]
    if entries.revision == 2:
        known, expected = entries.user, _rc4(key, _PADDING)
    else:
        for _ in range(50):
            key = _md5(key)[:size]
        known, expected = entries.user[:16], _md5(_PADDING + entries.file_id)
        for step in range(20):
            expected = _rc4(bytes(octet ^ step for octet in key), expected)
    if known != expected:
        raise WrongPassword
    return key


def _key(entries: Entries) -> bytes:
    """Algorithm 2.A, with 11 and 13 to see that password and permissions are right."""
    known, salts = entries.user[:_HASH_BYTES], entries.user[_HASH_BYTES:]
    check, own = salts[:_SALT_BYTES], salts[_SALT_BYTES:]
    if _hardened(check) != known:
        raise WrongPassword
    key = _decrypted(_hardened(own), modes.CBC(bytes(_VECTOR_BYTES)), entries.user_key)
    told = _decrypted(key, modes.ECB(), entries.sealed_permissions)  # noqa: S305 - as the standard wants it
    permissions = (entries.permissions & 0xFFFFFFFF).to_bytes(4, "little")
    metadata = b"T" if entries.encrypts_metadata else b"F"
    if (told[:4], told[8:12]) != (permissions, metadata + b"adb"):
        raise WrongPassword
    return key


def _hardened(salt: bytes) -> bytes:
    """Algorithm 2.B for an empty password and no owner."""
    key, last, step = hashlib.sha256(salt).digest(), 0, 0
    while step < 64 or last > step - 32:
        mixed = _encrypted(key[:16], modes.CBC(key[16:32]), key * 64)
        by = ("sha256", "sha384", "sha512")[sum(mixed[:16]) % 3]
        key, last, step = hashlib.new(by, mixed).digest(), mixed[-1], step + 1
    return key[:_HASH_BYTES]


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _rc4(key: bytes, data: bytes) -> bytes:
    return ciphers.Cipher(ARC4(key), mode=None).encryptor().update(data)


def _encrypted(key: bytes, mode: modes.CBC, data: bytes) -> bytes:
    encryptor = ciphers.Cipher(algorithms.AES(key), mode).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypted(key: bytes, mode: modes.CBC | modes.ECB, data: bytes) -> bytes:
    decryptor = ciphers.Cipher(algorithms.AES(key), mode).decryptor()
    return decryptor.update(data) + decryptor.finalize()
