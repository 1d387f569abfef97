"""The least any stamp costs: the SHA-256 of the document and one signature with a key that is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from bubuh.pdf.seal.pki import PrivateKey

_OVER_DIGEST: Final = utils.Prehashed(hashes.SHA256())


def bare(document: bytes, key: PrivateKey) -> Callable[[], bytes]:
    """What hashes `document` and signs the digest, and does nothing else; answers the signature."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        curve_key, ecdsa = key, ec.ECDSA(_OVER_DIGEST)
        return lambda: curve_key.sign(hashlib.sha256(document).digest(), ecdsa)
    rsa_key, pkcs1 = key, padding.PKCS1v15()
    return lambda: rsa_key.sign(hashlib.sha256(document).digest(), pkcs1, _OVER_DIGEST)
