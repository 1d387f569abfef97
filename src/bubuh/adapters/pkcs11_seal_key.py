"""A seal key in a PKCS#11 device: it signs there and never leaves it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pkcs11
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PinIncorrect, PKCS11Error

from bubuh.pdf.model import Algorithm, Chain
from bubuh.stamping.refusals import SignerUnavailable

_TYPES: Final[dict[Algorithm, KeyType]] = {"p256": KeyType.EC, "rsa2048": KeyType.RSA, "rsa3072": KeyType.RSA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where a key lies: the device's PKCS#11 module, its token, and the key's label on it."""

    module: str  #: path of the shared library
    token: str
    key: str
    pin: str = field(repr=False)


class SealKeyExtractable(SignerUnavailable):
    """The device would hand the key out; such a key does not seal."""

    code = "seal_key_extractable"


class Pkcs11SealKey:
    """`stamping.ports.SealKey` in a device: one session and one key handle a thread.

    What failed is given up, login and all, and the next signature begins anew: a device that was away is
    used again when it is back.
    """

    def __init__(self, device: Device, chain: Chain) -> None:
        """Opens the first session, for the calling thread.

        Raises:
            SealKeyExtractable: the key could leave the device.
            SignerUnavailable: no such module, token or key, a wrong PIN, or a device that does not answer.
        """
        self._device = device
        self._chain = chain
        self._threads = threading.local()
        with _reaching(device):
            key = self._key()
            if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                raise SealKeyExtractable(f"key {device.key} on {device.token}")

    @property
    def chain(self) -> Chain:
        """See `stamping.ports.SealKey.chain`."""
        return self._chain

    def sign(self, message: bytes) -> bytes:
        """See `stamping.ports.SealKey.sign`."""
        try:
            with _reaching(self._device):
                return self._sign(self._key(), message)
        except SignerUnavailable:
            self._threads.__dict__.clear()
            _LOGINS.forget(self._device)
            raise

    def _sign(self, key: Any, message: bytes) -> bytes:
        if self._chain.algorithm != "p256":
            return bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
        raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    def _key(self) -> Any:
        """This thread's handle."""
        key = getattr(self._threads, "key", None)
        if key is None:
            self._threads.session = _LOGINS.open_session(self._device)
            key = self._threads.key = self._threads.session.get_key(
                object_class=ObjectClass.PRIVATE_KEY,
                key_type=_TYPES[self._chain.algorithm],
                label=self._device.key,
            )
        return key


class _Logins:
    """One login a token: all sessions of a process share it, and closing the one that logged in ends it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._sessions: dict[tuple[str, str], tuple[str, Any]] = {}

    def open_session(self, device: Device) -> Any:
        """A session of its own for the calling thread, logged in with the others."""
        token = pkcs11.lib(device.module).get_token(token_label=device.token)
        with self._turn:
            place = (device.module, device.token)
            if place not in self._sessions:
                self._sessions[place] = (device.pin, token.open(user_pin=device.pin))
            elif self._sessions[place][0] != device.pin:
                raise PinIncorrect
            return token.open()

    def forget(self, device: Device) -> None:
        """Log in anew next time."""
        with self._turn:
            self._sessions.pop((device.module, device.token), None)


_LOGINS: Final = _Logins()


@contextmanager
def _reaching(device: Device) -> Iterator[None]:
    """Around every touch of the device: what it throws becomes our Fault. Its words hold no PIN."""
    try:
        yield
    except (PKCS11Error, RuntimeError, OSError) as error:
        words = str(error) or type(error).__name__
        raise SignerUnavailable(f"key {device.key} on {device.token}: {words}") from error
