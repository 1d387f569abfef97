"""A seal key in a PKCS#11 device: it signs there and never leaves it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    """`stamping.ports.SealKey` in a device, with one session that stays open.

    Calls into devices wait for each other in the whole process: python-pkcs11 opens a module for one thread
    (C_Initialize without arguments, PKCS#11 v2.40, 5.4), and called from several at once SoftHSM 2.6 fails,
    even crashes (ADR-0010). A session that failed is given up,
    and the next signature opens another: a device that was away is used again when it is back.
    """

    def __init__(self, device: Device, chain: Chain) -> None:
        """Opens the session.

        Raises:
            SealKeyExtractable: the key could leave the device.
            SignerUnavailable: no such module, token or key, a wrong PIN, or a device that does not answer.
        """
        self._device = device
        self._chain = chain
        self._key: Any = None
        with _reaching(device):
            key = self._found()
            if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
                raise SealKeyExtractable(f"key {device.key} on {device.token}")

    @property
    def chain(self) -> Chain:
        """See `stamping.ports.SealKey.chain`."""
        return self._chain

    def sign(self, message: bytes) -> bytes:
        """See `stamping.ports.SealKey.sign`."""
        with _reaching(self._device):
            try:
                return self._sign(self._found(), message)
            except PKCS11Error:
                self._key = None
                _forget_login(self._device)
                raise

    def _sign(self, key: Any, message: bytes) -> bytes:
        if self._chain.algorithm != "p256":
            return bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
        raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    def _found(self) -> Any:
        """The key's handle, looked up once."""
        if self._key is None:
            self._key = _login(self._device).get_key(
                object_class=ObjectClass.PRIVATE_KEY,
                key_type=_TYPES[self._chain.algorithm],
                label=self._device.key,
            )
        return self._key


_TURN: Final = threading.Lock()
_LOGINS: Final[dict[tuple[str, str], tuple[str, Any]]] = {}  #: one a token: a process cannot log in twice


def _login(device: Device) -> Any:
    """The session of this process on the token."""
    place = (device.module, device.token)
    if place not in _LOGINS:
        token = pkcs11.lib(device.module).get_token(token_label=device.token)
        _LOGINS[place] = (device.pin, token.open(user_pin=device.pin))
    pin, session = _LOGINS[place]
    if pin != device.pin:
        raise PinIncorrect
    return session


def _forget_login(device: Device) -> None:
    """Close the session; the next signature logs in anew."""
    _, session = _LOGINS.pop((device.module, device.token), ("", None))
    if session is not None:
        with suppress(PKCS11Error):  # the device may be gone, and the session with it
            session.close()


@contextmanager
def _reaching(device: Device) -> Iterator[None]:
    """Around every touch of the device: its turn, and what it throws becomes our Fault, without the PIN."""
    try:
        with _TURN:
            yield
    except (PKCS11Error, RuntimeError, OSError) as error:
        words = str(error) or type(error).__name__
        raise SignerUnavailable(f"key {device.key} on {device.token}: {words}") from error
