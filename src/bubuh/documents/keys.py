"""The key of the store and the keys under it: who holds it can open every document, no one else can."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NewType, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bubuh.documents.ports import ObjectDamaged

DocumentKey = NewType("DocumentKey", bytes)  #: 32 random bytes, one document's own

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_KEY_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class StoreKey:
    """The secrets that documents' keys are wrapped under: the first for new ones, all to open older ones.

    To rotate, put a new secret in front. Nothing but wrapping and object names hangs on the secret in use, so
    a rotation takes no document along; an old secret may go when no row names it any more.
    """

    ring: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        assert self.ring, "a store key has a secret"
        assert all(len(secret) == KEY_BYTES for secret in self.ring), "a store key's secret has 32 bytes"

    @classmethod
    def fresh(cls, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Self:
        """A new store key of one secret."""
        return cls((random_bytes(KEY_BYTES),))

    @classmethod
    def read(cls, text: str) -> Self:
        """The store key that `show` wrote: a line of hex a secret, the newest first. Raises ValueError."""
        return cls(tuple(bytes.fromhex(line) for line in text.split()))

    def show(self) -> str:
        """The text to be kept where only the application may read it."""
        return "".join(f"{secret.hex()}\n" for secret in self.ring)

    def wrap(self, document_key: DocumentKey, document_id: UUID) -> bytes:
        """`document_key` sealed for its row: id of the secret, nonce, AES-256-GCM bound to `document_id`.

        Each document's key is wrapped under a key of its own, derived from secret and document id: no number
        of documents brings random nonces near a repetition (NIST SP 800-38D, 8.3).
        """
        secret = self.ring[0]
        return _key_id(secret) + box(document_key, _wrapping(secret, document_id), document_id.bytes)

    def unwrap(self, wrapped: bytes, document_id: UUID) -> DocumentKey:
        """The key in `wrapped`; raises `ObjectDamaged` when no secret of ours opens it for `document_id`."""
        key_id, sealed = wrapped[:_KEY_ID_BYTES], wrapped[_KEY_ID_BYTES:]
        for secret in self.ring:
            if hmac.compare_digest(_key_id(secret), key_id):
                return DocumentKey(unbox(sealed, _wrapping(secret, document_id), document_id.bytes))
        raise ObjectDamaged("a document's key is wrapped under a secret that is not in the store key")

    def object_key(self, *, account_id: int, document_id: UUID, revision: int) -> str:
        """Where a revision's object lies: tells nobody whose it is, or whether two documents are the same."""
        name = derive(
            self.ring[0],
            "object name",
            account_id.to_bytes(8),
            document_id.bytes,
            revision.to_bytes(4),
        ).hex()
        return f"{name[:2]}/{name[2:4]}/{name}"


def fresh_document_key() -> DocumentKey:
    """A new key for one document."""
    return DocumentKey(secrets.token_bytes(KEY_BYTES))


def box(data: bytes, key: bytes, bound_to: bytes) -> bytes:
    """A few bytes sealed for a row: random nonce and AES-256-GCM, bound to `bound_to`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to)


def unbox(sealed: bytes, key: bytes, bound_to: bytes) -> bytes:
    """What `box` sealed; raises `ObjectDamaged`."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise ObjectDamaged("what a row holds sealed was cut")
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag as error:
        raise ObjectDamaged("what a row holds sealed is not as it was sealed") from error


def derive(secret: bytes, purpose: str, *parts: bytes) -> bytes:
    """32 bytes that only who holds `secret` can tell, other ones for each purpose and each list of parts.

    Source: NIST SP 800-108, 4.1, with HMAC-SHA-256 and one block; parts are led by their length.
    """
    message = b"".join(len(part).to_bytes(4) + part for part in (b"bubuh 1", purpose.encode(), *parts))
    return hmac.digest(secret, message, "sha256")


def _key_id(secret: bytes) -> bytes:
    return derive(secret, "key id")[:_KEY_ID_BYTES]


def _wrapping(secret: bytes, document_id: UUID) -> bytes:
    return derive(secret, "wrap", document_id.bytes)
