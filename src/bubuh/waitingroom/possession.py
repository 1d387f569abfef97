"""Whose a turn is that was taken before signing in: the browser's, which shows it when it enters.

With scripts the browser makes a key that cannot be taken out of it (P-256, WebCrypto), and signs what the
site challenges it with. Without, the gate gives it a secret in a cookie and says itself that it saw it: a
cookie can be copied by whoever has the browser's files, a key cannot.

    challenge:   generation u16 | zero u16 | said at u32 | account i64 | mark 16
    by the key:  challenge 32 | public key 65 | signature 64
    by the gate: challenge 32 | mark 16
"""

from __future__ import annotations

import hashlib
import hmac
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bubuh.core.ids import AccountId
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.refusals import ProofNeeded

CHALLENGE_BYTES: Final = 32
PUBLIC_BYTES: Final = 65  #: uncompressed. Source: SEC 1, 2.3.3
SIGNATURE_BYTES: Final = 64  #: r and s. Source: Web Cryptography API, 23.4
SECRET_BYTES: Final = 16
CHALLENGE_LIFE_S: Final = 600

_BODY: Final = Struct(">HxxIq")
_CHALLENGE: Final = b"challenge"
_HELD: Final = b"held"
_POINT: Final = 4  # how an uncompressed point begins


def bind_of_key(public: bytes) -> int:
    """What a turn says of the key that may enter with it; raises `ProofNeeded` for what is no key."""
    if len(public) != PUBLIC_BYTES or public[0] != _POINT:
        raise ProofNeeded
    return _bind(b"key", public)


def bind_of_secret(secret: bytes) -> int:
    """What a turn says of the cookie that may enter with it."""
    return _bind(b"cookie", secret)


def challenge(account_id: AccountId, ring: KeyRing, *, now_s: int) -> bytes:
    """What a browser is to sign so that `account_id` enters; good for 10 minutes."""
    body = _BODY.pack(ring.generation, now_s, int(account_id))
    mark = ring.mark(ring.generation, _CHALLENGE + body)
    assert mark is not None
    return body + mark


def hold(given: bytes, turn: bytes, ring: KeyRing) -> bytes:
    """The gate's word that the browser with the turn's cookie was given the challenge `given`."""
    mark = ring.mark(ring.generation, _HELD + given + turn)
    assert mark is not None
    return given + mark


def check_key(
    proof: bytes, turn: bytes, *, bind: int, account_id: AccountId, ring: KeyRing, now_s: int
) -> None:
    """See that the key of `turn` (40 bytes, bound to `bind`) signed a challenge of `account_id`.

    Raises `ProofNeeded`.
    """
    if len(proof) != CHALLENGE_BYTES + PUBLIC_BYTES + SIGNATURE_BYTES:
        raise ProofNeeded
    given, public = proof[:CHALLENGE_BYTES], proof[CHALLENGE_BYTES:-SIGNATURE_BYTES]
    _check_challenge(given, account_id, ring, now_s=now_s)
    if bind_of_key(public) != bind:
        raise ProofNeeded
    half = SIGNATURE_BYTES // 2
    r, s = int.from_bytes(proof[-SIGNATURE_BYTES:-half]), int.from_bytes(proof[-half:])
    try:
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public)
        key.verify(encode_dss_signature(r, s), given + turn, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise ProofNeeded from error


def check_held(proof: bytes, turn: bytes, *, account_id: AccountId, ring: KeyRing, now_s: int) -> None:
    """See that the gate saw the cookie of `turn` for a challenge of `account_id`; raises `ProofNeeded`."""
    given, mark = proof[:CHALLENGE_BYTES], proof[CHALLENGE_BYTES:]
    _check_challenge(given, account_id, ring, now_s=now_s)
    expected = ring.mark(int.from_bytes(given[:2]), _HELD + given + turn)
    if expected is None or not hmac.compare_digest(expected, mark):
        raise ProofNeeded


def _check_challenge(given: bytes, account_id: AccountId, ring: KeyRing, *, now_s: int) -> None:
    if len(given) != CHALLENGE_BYTES:
        raise ProofNeeded
    body, mark = given[: _BODY.size], given[_BODY.size :]
    gen, said_at, told = _BODY.unpack(body)
    if not ring.holds(gen, _CHALLENGE + body, mark):
        raise ProofNeeded
    if told != account_id or not 0 <= now_s - said_at <= CHALLENGE_LIFE_S:
        raise ProofNeeded


def _bind(kind: bytes, raw: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"bubuh bind " + kind + b"\0" + raw).digest()[:8]) or 1
