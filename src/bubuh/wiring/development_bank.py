"""The RSA keys with which the development gateway plays a bank: made at a start, kept in the data folder."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bubuh.db.rights import write_whole
from bubuh.wiring.folder import DataFolder

_FILE: Final = "gateway-bank.pem"
_BITS: Final = 2048


def settle_bank_key(folder: DataFolder, uid: int | None) -> None:
    """Make the key when it is absent; `uid` alone may read it."""
    path = folder.secrets / _FILE
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(path, pem.decode("ascii"), mode=0o600, uid=uid)


def read_bank_key(folder: DataFolder) -> str:
    """The key, PEM: the development gateway's alone to sign with; raises OSError when there is none."""
    return (folder.secrets / _FILE).read_text(encoding="ascii")


def bank_public_key(folder: DataFolder) -> rsa.RSAPublicKey:
    """What the bank's signatures are checked with, in the place of keys that a real bank hands over."""
    key = load_pem_private_key(read_bank_key(folder).encode("ascii"), password=None)
    assert isinstance(key, rsa.RSAPrivateKey), "made above"
    return key.public_key()
