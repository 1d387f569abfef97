"""The person key: what addresses and national numbers are sealed under, and found by.

Found by a keyed hash (a blind index): who steals the database alone can neither read an address nor try all
of Indonesia's numbers against it. Source of the construction: NIST SP 800-38D (GCM), RFC 2104 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One secret of 32 bytes; each use has a key of its own, derived from it."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        assert len(self.secret) == 32, "the person key has 32 bytes"

    def seal(self, text: str, what: str) -> bytes:
        """`text` sealed as a `what`: nonce, then AES-256-GCM. Opens as nothing else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._derived("seal")).encrypt(nonce, text.encode(), what.encode())

    def open(self, sealed: bytes, what: str) -> str:
        """What `seal` sealed as a `what`; raises `cryptography.exceptions.InvalidTag`."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(self._derived("seal")).decrypt(nonce, rest, what.encode()).decode()

    def index(self, text: str, what: str) -> bytes:
        """What a `what` is found by: 32 bytes, the same for the same text."""
        return self._mac("index " + what, text.encode())

    def code_mac(self, challenge_id: UUID, code: str) -> bytes:
        """What is kept of a one-time code."""
        return self._mac("code", challenge_id.bytes + code.encode())

    def _derived(self, use: str) -> bytes:
        return self._mac("key " + use, b"")

    def _mac(self, use: str, message: bytes) -> bytes:
        return hmac.digest(self.secret, f"bubuh person 1 {use}\0".encode() + message, hashlib.sha256)
