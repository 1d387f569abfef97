"""Stamp with a key at hand, without the service: for the offline command, the benches and the tests."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bubuh.pdf import cms
from bubuh.pdf.model import Chain, Intent
from bubuh.pdf.pki import PrivateKey
from bubuh.pdf.plan import plan
from bubuh.pdf.rehearse import rehearse


def affix_with_key(
    document: bytes, intent: Intent, chain: Chain, private_key: PrivateKey, *, rehearsed: bool = True
) -> bytes:
    """The whole stamped document: `document` and, after it, the sealed increment.

    Raises what `plan` and `rehearse` raise; the latter is left out when not `rehearsed`.
    """
    increment = plan(document, intent, chain)
    if rehearsed:
        rehearse(document, increment, intent)
    signature = sign(private_key, cms.signed_attributes(increment.digest, chain))
    return document + increment.sealed(cms.signed_data(increment.digest, signature, chain))


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
