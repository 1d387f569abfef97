from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import development_pki, from_pem, to_pem

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048", "rsa3072"])
def test_the_chain_leads_from_the_seal_to_the_root(algorithm: str) -> None:
    pki = development_pki(NOW, algorithm=algorithm)  # type: ignore[arg-type]
    root, issuing, seal = map(
        x509.load_der_x509_certificate, (pki.root_certificate, pki.issuing_certificate, pki.seal_certificate)
    )
    root.verify_directly_issued_by(root)
    issuing.verify_directly_issued_by(root)
    seal.verify_directly_issued_by(issuing)
    assert load_key(pki.seal_key).public_key() == seal.public_key()
    assert pki.chain("k").algorithm == algorithm


def test_every_subject_says_that_it_is_for_development() -> None:
    pki = development_pki(NOW)
    for der in (pki.root_certificate, pki.issuing_certificate, pki.seal_certificate):
        assert "PENGEMBANGAN" in x509.load_der_x509_certificate(der).subject.rfc4514_string()


def test_the_seal_may_sign_and_nothing_else() -> None:
    seal = x509.load_der_x509_certificate(development_pki(NOW).seal_certificate)
    usage = seal.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not seal.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_validity_counts_from_the_moment_given() -> None:
    seal = x509.load_der_x509_certificate(development_pki(NOW).seal_certificate)
    assert seal.not_valid_before_utc == NOW - timedelta(hours=1)
    assert seal.not_valid_after_utc > NOW + timedelta(days=365)


def test_certificates_pass_through_pem() -> None:
    pki = development_pki(NOW)
    both = (pki.seal_certificate, pki.issuing_certificate)
    assert from_pem(b"".join(map(to_pem, both))) == both
    with pytest.raises(ValueError, match=r".*"):
        from_pem(b"bukan PEM")


def test_a_key_of_another_kind_does_not_seal() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="P-256 or RSA"):
        load_key(pem)
    assert isinstance(load_key(development_pki(NOW).seal_key), ec.EllipticCurvePrivateKey)
    assert isinstance(load_key(development_pki(NOW, algorithm="rsa2048").seal_key), rsa.RSAPrivateKey)
