from __future__ import annotations

import hashlib

import pytest
from asn1crypto import cms as asn1_cms

from bubuh.pdf.model import Algorithm, Increment
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.pdf.seal.pki import development_pki
from bubuh.pdf.seal.room import MOST_TOKEN_BYTES, TIME_STAMP_ROOM_BYTES, filled, with_time_stamp
from tests.pdf.conftest import NOW

DIGEST = hashlib.sha256(b"a document").digest()


def seal(algorithm: Algorithm) -> tuple[bytes, int]:
    pki = development_pki(NOW, algorithm=algorithm)
    chain = pki.chain("dev-1")
    signature = sign(load_key(pki.seal_key), cms.signed_attributes(DIGEST, chain))
    return cms.signed_data(DIGEST, signature, chain), cms.room_bytes(chain)


def token_of(size: int) -> bytes:
    """Any DER element of so many bytes: what a token says is not this module's business."""
    return b"\x30\x82" + (size - 4).to_bytes(2) + bytes(size - 4)


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048", "rsa3072"])
def test_a_time_stamp_is_one_unsigned_attribute_and_all_else_stays(algorithm: Algorithm) -> None:
    plain, _room = seal(algorithm)

    stamped = with_time_stamp(plain, token_of(1000))

    before = asn1_cms.ContentInfo.load(plain, strict=True)["content"]
    after = asn1_cms.ContentInfo.load(stamped, strict=True)["content"]
    (signer,) = after["signer_infos"]
    (attribute,) = signer["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    assert [value.dump() for value in attribute["values"]] == [token_of(1000)]
    for kept in ("sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature"):
        assert signer[kept].dump() == before["signer_infos"][0][kept].dump()
    for kept in ("version", "digest_algorithms", "encap_content_info", "certificates"):
        assert after[kept].dump() == before[kept].dump()


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048", "rsa3072"])
def test_the_longest_token_fits_and_nothing_moves(algorithm: Algorithm) -> None:
    plain, room = seal(algorithm)
    increment = Increment(
        pre=b"pre < >", room_bytes=room + TIME_STAMP_ROOM_BYTES, post=b"post < >", digest=DIGEST
    )
    sealed = increment.sealed(plain)

    whole = filled(sealed, len(increment.pre), token_of(MOST_TOKEN_BYTES))

    assert len(whole) == len(sealed)
    assert whole.startswith(increment.pre + b"<")
    assert whole.endswith(b">" + increment.post)
    expected = with_time_stamp(plain, token_of(MOST_TOKEN_BYTES))
    assert whole == increment.sealed(expected)


def test_a_seal_that_ends_in_zeros_is_found_whole() -> None:
    pki = development_pki(NOW)
    chain = pki.chain("dev-1")
    plain = cms.signed_data(DIGEST, bytes(70), chain)
    increment = Increment(pre=b"", room_bytes=16_000, post=b"", digest=DIGEST)

    assert filled(increment.sealed(plain), 0, token_of(99)) == increment.sealed(
        with_time_stamp(plain, token_of(99))
    )
