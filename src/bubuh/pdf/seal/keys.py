"""Seal keys in memory: loaded once, used often. Needs no PDF library, so the signer loads none."""

from __future__ import annotations

import functools
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

from bubuh.pdf.model import Chain
from bubuh.pdf.seal.pki import PrivateKey

#: Made once: to make them anew costs a fifth of a P-256 signature.
_DIGESTED: Final = utils.Prehashed(hashes.SHA256())
_ECDSA: Final = ec.ECDSA(_DIGESTED)
_PKCS1: Final = padding.PKCS1v15()


def sign(private_key: PrivateKey, message: bytes) -> bytes:
    """DER ECDSA or PKCS#1 v1.5 over the SHA-256 of `message`."""
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return private_key.sign(hashlib.sha256(message).digest(), _ECDSA)
    return private_key.sign(hashlib.sha256(message).digest(), _PKCS1, _DIGESTED)


def fits(signature: bytes, message: bytes, chain: Chain) -> bool:
    """Whether `sign` made `signature` over `message` with the key of the chain's seal certificate."""
    return proves(signature, message, chain.seal_certificate)


def proves(signature: bytes, message: bytes, certificate: bytes) -> bool:
    """Whether `sign` made `signature` over `message` with the key of `certificate` (DER)."""
    key = _public_key(certificate)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


@functools.lru_cache(maxsize=64)
def _public_key(certificate: bytes) -> ec.EllipticCurvePublicKey | RSAPublicKey:
    key = load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey | RSAPublicKey), "a seal certificate is of P-256 or RSA"
    return key


def load_key(pem: bytes) -> PrivateKey:
    """A seal key from unencrypted PEM; raises ValueError, with the reason."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted") from error
    except UnsupportedAlgorithm as error:
        raise ValueError("a seal key is P-256 or RSA") from error
    if isinstance(key, PrivateKey):
        return key
    raise ValueError("a seal key is P-256 or RSA")
