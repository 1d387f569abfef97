"""What stamping needs from outside: a seal key in its device, the signer that alone may use it, and a witness
of time.
"""

from __future__ import annotations

from typing import Protocol

from bubuh.pdf.model import Chain
from bubuh.stamping.model import Lease


class SealKey(Protocol):
    """Signs with the service's seal key, which never leaves its device. Lives in the signer alone."""

    @property
    def chain(self) -> Chain:
        """The key's id, algorithm and certificates."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Signature over SHA-256 of `message` (DER for ECDSA, PKCS#1 v1.5 for RSA).

        Raises:
            SignerUnavailable: the device does not answer.
        """
        ...


class SealKeys(Protocol):
    """The seal keys at hand in the signer, by key id."""

    def get(self, key_id: str, /) -> SealKey | None:
        """The key, or None when it is not here; raises `SignerUnavailable` when it cannot be used."""
        ...


class Signer(Protocol):
    """The signer process, as the worker sees it."""

    async def seal(self, lease: Lease) -> bytes:
        """The signature over the digest that the stamp's row holds; kept in `seals` before it is answered.

        Raises:
            SignerUnavailable: no answer; ask again, the answer will be the same.
            LeaseLost: the row is not in work under this fence.
        """
        ...

    async def is_well(self) -> bool:
        """Whether the signer answers and can reach its key and its database."""
        ...


class TimestampAuthority(Protocol):
    """Somebody who testifies, by an RFC 3161 time-stamp, that bytes existed at a time."""

    async def stamp(self, message: bytes) -> bytes:
        """A token (DER) over SHA-256 of `message`, fresh, checked up to a root that we trust, at most
        `pdf.room.MOST_TOKEN_BYTES` long.

        Raises:
            TimeStampFailed: no answer in time, or none to believe; ask again, within limits.
        """
        ...
