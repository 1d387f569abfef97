"""Seal keys in memory: loaded once, used often. Needs no PDF library, so the signer loads none."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bubuh.pdf.pki import PrivateKey


def sign(private_key: PrivateKey, message: bytes) -> bytes:
    """DER ECDSA or PKCS#1 v1.5 over the SHA-256 of `message`."""
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return private_key.sign(message, ec.ECDSA(hashes.SHA256()))
    return private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def load_key(pem: bytes) -> PrivateKey:
    """A seal key from unencrypted PEM; raises ValueError when it is of a kind we do not seal with."""
    key = load_pem_private_key(pem, password=None)
    if isinstance(key, PrivateKey):
        return key
    raise ValueError("a seal key is P-256 or RSA")
