"""The arithmetic of a seal: digest, message-digest, signature, chain. It reads no PDF and needs no library
that does, so that whoever asked a sandbox can do it again outside: a child that was taken over may lie.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from bubuh.pdf.model import Sealed, Trust
from bubuh.pdf.seal.cms import signed_attributes
from bubuh.pdf.seal.cms_match import Taken, take_apart
from bubuh.pdf.seal.standing import PublicKey, Standing, standing

MOST_ROOM_BYTES: Final = 1 << 16

_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_PKCS1: Final = padding.PKCS1v15()
_SHA256: Final = hashes.SHA256()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven of a seal."""

    digest: bytes  #: SHA-256 over what it covers
    seal_certificate: bytes  #: DER
    path: Standing
    time_stamp: bytes | None  #: a token beside the signature, DER; not judged here


def prove(document: bytes, sealed: Sealed, trust: Trust) -> Proof | None:
    """The proof that a seal `trust` believes covers what `sealed` says of `document`; None: there is none.

    What is covered is all of `document` up to `sealed.stop`, but the gap that holds the seal, hex digits
    between angle brackets. When the certificates are valid is told, not asked.
    """
    taken = taken_from(document, sealed)
    return None if taken is None else prove_digest(taken, covered_digest(document, sealed), trust)


def prove_digest(taken: Taken, digest: bytes, trust: Trust) -> Proof | None:
    """The same for a seal that was taken out, when the digest is known of what it covers."""
    chain = taken.chain
    path = standing(chain.seal_certificate, chain.issuing_certificate, trust.roots)
    if digest != taken.digest or path is None:
        return None
    if not _is_signature(path.key, taken.signature, signed_attributes(digest, chain)):
        return None
    return Proof(digest, chain.seal_certificate, path, taken.time_stamp)


def covered_digest(document: bytes, sealed: Sealed) -> bytes:
    """SHA-256 over what a seal covers, without a copy of it."""
    view = memoryview(document)
    over = hashlib.sha256(view[: sealed.start])
    over.update(view[sealed.end : sealed.stop])
    return over.digest()


def taken_from(document: bytes, sealed: Sealed) -> Taken | None:
    """What the seal in the gap says; None when it is not of our form."""
    start, end, stop = sealed.start, sealed.end, sealed.stop
    if not (0 < start < end < stop <= len(document) and end - start <= 2 * MOST_ROOM_BYTES):
        return None
    if document[start : start + 1] != b"<" or document[end - 1 : end] != b">":
        return None
    return take_apart(document[start + 1 : end - 1])


def _is_signature(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, _ECDSA)
        else:
            key.verify(signature, message, _PKCS1, _SHA256)
    except InvalidSignature:
        return False
    return True
