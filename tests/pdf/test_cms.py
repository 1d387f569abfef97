"""The bytes of a seal, read back by a library that did not write them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from asn1crypto import cms as asn1_cms, x509 as asn1_x509
from hypothesis import given, strategies as st

from bubuh.pdf.seal import cms
from bubuh.pdf.seal.der import elements, inner, oid, set_of, tlv
from tests.pdf.conftest import Desk

DIGEST = hashlib.sha256(b"isi dokumen").digest()


def test_the_signed_attributes_are_three_and_hold_no_time(desk: Desk) -> None:
    read = asn1_cms.CMSAttributes.load(cms.signed_attributes(DIGEST, desk.chain))
    values = {item["type"].native: item["values"][0].native for item in read}
    assert set(values) == {"content_type", "message_digest", "signing_certificate_v2"}
    assert values["content_type"] == "data"
    assert values["message_digest"] == DIGEST
    named = [certificate["cert_hash"] for certificate in values["signing_certificate_v2"]["certs"]]
    assert named == [
        hashlib.sha256(certificate).digest()
        for certificate in (desk.chain.seal_certificate, desk.chain.issuing_certificate)
    ]


def test_the_attributes_are_in_the_order_that_der_wants(desk: Desk) -> None:
    attributes = cms.signed_attributes(DIGEST, desk.chain)
    parts = [part for _tag, part in elements(inner(attributes))]
    assert parts == sorted(parts)
    assert attributes[0] == 0x31


@given(st.binary(min_size=8, max_size=72))
def test_any_signature_fits_and_is_read_back(desk: Desk, signature: bytes) -> None:
    made = cms.signed_data(DIGEST, signature, desk.chain)
    assert len(made) <= cms.room_bytes(desk.chain)
    content = asn1_cms.ContentInfo.load(made, strict=True)["content"]
    (signer,) = content["signer_infos"]
    assert signer["signature"].native == signature
    assert signer["signed_attrs"].untag().dump() == cms.signed_attributes(DIGEST, desk.chain)
    certificates = {choice.chosen.dump() for choice in content["certificates"]}
    assert certificates == {desk.chain.seal_certificate, desk.chain.issuing_certificate}


def test_the_signer_is_named_as_its_certificate_names_it(desk: Desk) -> None:
    content = asn1_cms.ContentInfo.load(cms.signed_data(DIGEST, b"s", desk.chain))["content"]
    named = content["signer_infos"][0]["sid"].chosen
    certificate = asn1_x509.Certificate.load(desk.chain.seal_certificate)
    assert named["serial_number"].native == certificate.serial_number
    assert named["issuer"].dump() == certificate.issuer.dump()


def test_another_library_would_write_the_same(desk: Desk) -> None:
    made = cms.signed_data(DIGEST, b"signature", desk.chain)
    assert asn1_cms.ContentInfo.load(made).copy().dump(force=True) == made


@pytest.mark.parametrize(
    ("algorithm", "name"), [("p256", "sha256_ecdsa"), ("rsa2048", "sha256_rsa"), ("rsa3072", "sha256_rsa")]
)
def test_the_algorithm_is_named(desk: Desk, algorithm: str, name: str) -> None:
    chain = replace(desk.chain, algorithm=algorithm)  # type: ignore[arg-type]
    signer = asn1_cms.ContentInfo.load(cms.signed_data(DIGEST, b"s", chain))["content"]["signer_infos"][0]
    assert signer["signature_algorithm"]["algorithm"].native == name


def test_a_digest_of_another_length_is_our_mistake(desk: Desk) -> None:
    with pytest.raises(AssertionError):
        cms.signed_attributes(b"kurang", desk.chain)


@given(st.integers(0, 70_000))
def test_lengths_are_written_in_their_shortest_form(size: int) -> None:
    made = tlv(0x04, bytes(size))
    assert inner(made) == bytes(size)
    head = len(made) - size
    assert head == 2 + (size >= 0x80) + (size >= 0x100) + (size >= 0x10000)


@pytest.mark.parametrize(
    "broken", [b"\x30\x05\x02\x01", b"\x30\x80\x00\x00", b"\x30\x85\x01\x01\x01\x01\x01", b"\x30\x82\x01"]
)
def test_broken_der_is_a_value_error(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"longer|length|one element"):
        list(elements(broken))


def test_object_identifiers_and_sets_are_as_the_standard_shows() -> None:
    assert oid("1.2.840.113549.1.7.2") == bytes.fromhex("06092a864886f70d010702")
    assert set_of((b"\x02\x01\x05", b"\x02\x01\x03")) == bytes.fromhex("3106020103020105")
