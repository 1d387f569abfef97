"""A turn that was taken before signing in is its browser's: copied, sold or replayed it is no use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bubuh.core.ids import AccountId
from bubuh.waitingroom.possession import (
    CHALLENGE_BYTES,
    CHALLENGE_LIFE_S,
    bind_of_key,
    bind_of_secret,
    challenge,
    check_held,
    check_key,
    hold,
)
from bubuh.waitingroom.refusals import ProofNeeded
from bubuh.waitingroom.turn import Holder, Turn, bind_of, issue, read_turn
from tests.waitingroom.make import ALICE, BOB, NOW_S, RING, turn

KEY, OTHER = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())


def public(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sign(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """As WebCrypto does: r and s."""
    r, s = decode_dss_signature(key.sign(message, ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


TURN = turn(bind=bind_of_key(public(KEY)), holder=Holder.KEY)
RAW = issue(TURN, RING)


def proof(
    key: EllipticCurvePrivateKey = KEY, *, account: AccountId = ALICE, raw: bytes = RAW, at: int = NOW_S
) -> bytes:
    asked = challenge(account, RING, now_s=at)
    return asked + public(key) + sign(key, asked + raw)


def check(
    shown: bytes, *, raw: bytes = RAW, held: Turn = TURN, account: AccountId = ALICE, now_s: int = NOW_S
) -> None:
    check_key(shown, raw, bind=held.bind, account_id=account, ring=RING, now_s=now_s)


def test_its_browser_enters() -> None:
    assert read_turn(RAW, RING, now_s=NOW_S) == TURN
    check(proof())
    check(proof(), now_s=NOW_S + CHALLENGE_LIFE_S)
    with pytest.raises(ProofNeeded):
        TURN.check_owner(ALICE)  # not without


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(proof(OTHER), id="another browser"),
        pytest.param(proof(account=BOB), id="another account's challenge"),
        pytest.param(proof(raw=issue(replace(TURN, number=42), RING)), id="another turn"),
        pytest.param(proof(raw=issue(replace(TURN, lane=2), RING)), id="another lane"),
        pytest.param(proof(at=NOW_S - CHALLENGE_LIFE_S - 1), id="an old challenge"),
        pytest.param(proof(at=NOW_S + 60), id="a challenge of the future"),
        pytest.param(bytes(CHALLENGE_BYTES) + proof()[CHALLENGE_BYTES:], id="a challenge of nobody"),
        pytest.param(proof()[:-1] + b"\0", id="a changed signature"),
        pytest.param(proof()[:-64] + bytes(64), id="no signature"),
        pytest.param(proof()[:32] + b"\4" + bytes(64) + proof()[-64:], id="no point of the curve"),
        pytest.param(proof() + b"\0", id="too long"),
    ],
)
def test_nobody_else_does(shown: bytes) -> None:
    with pytest.raises(ProofNeeded):
        check(shown)


def test_a_proof_is_of_one_account() -> None:
    """Alice's, taken from her address bar, is no use to Bob."""
    with pytest.raises(ProofNeeded):
        check(proof(), account=BOB)


def test_a_key_that_is_none_binds_nothing() -> None:
    for raw in (b"", bytes(65), public(KEY)[:-1], b"\2" + public(KEY)[1:]):
        with pytest.raises(ProofNeeded):
            bind_of_key(raw)


def test_binds_of_different_kinds_never_meet() -> None:
    raw = int(ALICE).to_bytes(8)
    assert (
        len({bind_of(ALICE), bind_of_secret(raw), bind_of_secret(public(KEY)), bind_of_key(public(KEY))}) == 4
    )


def test_the_gates_word_for_a_cookie_is_of_one_account_turn_and_time() -> None:
    kept = issue(replace(TURN, holder=Holder.COOKIE, bind=bind_of_secret(bytes(16))), RING)
    shown = hold(challenge(ALICE, RING, now_s=NOW_S), kept, RING)
    check_held(shown, kept, account_id=ALICE, ring=RING, now_s=NOW_S + 5)
    for account, raw, now_s, given in (
        (BOB, kept, NOW_S, shown),
        (ALICE, RAW, NOW_S, shown),
        (ALICE, kept, NOW_S + CHALLENGE_LIFE_S + 1, shown),
        (ALICE, kept, NOW_S, shown[:-1] + bytes([shown[-1] ^ 1])),
        (ALICE, kept, NOW_S, shown[:CHALLENGE_BYTES]),
        (ALICE, kept, NOW_S, b""),
    ):
        with pytest.raises(ProofNeeded):
            check_held(given, raw, account_id=account, ring=RING, now_s=now_s)
