"""Development PKI: root, issuing CA, seal certificate. Bytes only: where they lie is the caller's business.

Subjects say that they are for development: nobody outside this machine should ever trust them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from bubuh.pdf.model import Algorithm, Chain

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

#: id-kp-documentSigning: a certificate with other purposes only never makes a stamp. Source: RFC 9336
DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")

#: What the certificate of the statement key is for, and nothing else: its signatures are never a stamp.
#: An OID of our own, made of a UUID. Source: ITU-T X.667, 7
STATEMENT_SIGNING: Final = ObjectIdentifier("2.25.303247212370911843862412271546934061557")

_RSA: Final[Mapping[int, Algorithm]] = MappingProxyType({2048: "rsa2048", 3072: "rsa3072"})
_CRL_ENDS: Final = b"-----END X509 CRL-----"
_BACKDATED: Final = timedelta(hours=1)  # a checker's clock may lag a little
_ROOT_LIFE: Final = timedelta(days=20 * 365)
_ISSUING_LIFE: Final = timedelta(days=10 * 365)
_SEAL_LIFE: Final = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """Everything a development service needs to seal and to be checked."""

    root_certificate: bytes  #: DER
    issuing_certificate: bytes  #: DER
    seal_certificate: bytes  #: DER
    seal_key: bytes  #: PEM, PKCS#8, not encrypted
    issuing_key: bytes  #: the same; only an authority for development is kept beside its seal keys
    algorithm: Algorithm

    def chain(self, key_id: str) -> Chain:
        """The chain that goes into each seal made by `key_id`."""
        return Chain(
            key_id=key_id,
            seal_certificate=self.seal_certificate,
            issuing_certificate=self.issuing_certificate,
            algorithm=self.algorithm,
        )


def development_pki(now: datetime, *, algorithm: Algorithm = "p256", name: str = "Bubuh") -> Pki:
    """A fresh root, issuing CA and seal certificate, valid from `now` (aware)."""
    root_key, issuing_key = _fresh_key("p256"), _fresh_key("p256")
    root = _authority(_named(name, "Akar"), None, root_key, root_key, now, _ROOT_LIFE)
    issuing = _authority(_named(name, "CA Penerbit"), root, issuing_key, root_key, now, _ISSUING_LIFE)
    certificate, seal_key = issue_seal(_der(issuing), _pem(issuing_key), now, algorithm=algorithm, name=name)
    return Pki(
        root_certificate=_der(root),
        issuing_certificate=_der(issuing),
        seal_certificate=certificate,
        seal_key=seal_key,
        issuing_key=_pem(issuing_key),
        algorithm=algorithm,
    )


def issue_seal(
    issuing_certificate: bytes,
    issuing_key: bytes,
    now: datetime,
    *,
    algorithm: Algorithm = "p256",
    name: str = "Bubuh",
) -> tuple[bytes, bytes]:
    """A seal certificate (DER) valid from `now` (aware), and its key (PEM), under an authority of ours."""
    issuer = x509.load_der_x509_certificate(issuing_certificate)
    authority = serialization.load_pem_private_key(issuing_key, password=None)
    assert isinstance(authority, PrivateKey), "our authorities have keys of the kinds we make"
    key = _fresh_key(algorithm)
    subject = _named(name, "Segel SPESIMEN")
    return _der(_signer(subject, issuer, key, authority, now, DOCUMENT_SIGNING)), _pem(key)


def issue_statement(
    issuing_certificate: bytes, issuing_key: bytes, now: datetime, *, name: str = "Bubuh"
) -> tuple[bytes, bytes]:
    """A certificate (DER) for statements that are no stamps, valid from `now` (aware), and its key (PEM)."""
    issuer = x509.load_der_x509_certificate(issuing_certificate)
    authority = serialization.load_pem_private_key(issuing_key, password=None)
    assert isinstance(authority, PrivateKey), "our authorities have keys of the kinds we make"
    key = _fresh_key("p256")
    subject = _named(name, "Pernyataan")
    return _der(_signer(subject, issuer, key, authority, now, STATEMENT_SIGNING)), _pem(key)


def is_for_statements(certificate: bytes, *, issuing: bytes, root: bytes) -> bool:
    """Whether `certificate` (DER) is for statements alone, and `root` vouches for it through `issuing`."""
    read, issuer, anchor = map(x509.load_der_x509_certificate, (certificate, issuing, root))
    try:
        read.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(anchor)
        purposes = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        may_issue = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return may_issue and list(purposes) == [STATEMENT_SIGNING]


def to_pem(certificate: bytes) -> bytes:
    """A DER certificate as PEM."""
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def from_pem(text: bytes) -> tuple[bytes, ...]:
    """Every certificate in a PEM text, DER, in its order; raises ValueError when there is none."""
    return tuple(_der(certificate) for certificate in x509.load_pem_x509_certificates(text))


@functools.lru_cache(maxsize=64)
def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """From when to when a DER certificate is valid, aware."""
    read = x509.load_der_x509_certificate(certificate)
    return read.not_valid_before_utc, read.not_valid_after_utc


def read_chain(text: bytes, key_id: str) -> Chain:
    """The chain in a PEM text, the seal's certificate and its issuer's; raises ValueError that says why."""
    certificates = from_pem(text)[:2]
    if len(certificates) < 2:
        raise ValueError("the seal's certificate and its issuer's are wanted")
    seal, issuing = certificates
    return Chain(
        key_id=key_id, seal_certificate=seal, issuing_certificate=issuing, algorithm=_algorithm_of(seal)
    )


def _algorithm_of(certificate: bytes) -> Algorithm:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "p256"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA:
        return _RSA[key.key_size]
    raise ValueError("a seal key is P-256, RSA-2048 or RSA-3072")


def crls_from_pem(text: bytes) -> tuple[bytes, ...]:
    """Every revocation list in a PEM text, DER, in its order; raises ValueError for one that is none."""
    lists = (part + _CRL_ENDS for part in text.split(_CRL_ENDS)[:-1])
    return tuple(x509.load_pem_x509_crl(one).public_bytes(serialization.Encoding.DER) for one in lists)


def _fresh_key(algorithm: Algorithm) -> PrivateKey:
    if algorithm == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(algorithm.removeprefix("rsa")))


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _named(name: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{name} (PENGEMBANGAN)"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {role} - HANYA UNTUK PENGEMBANGAN"),
        ]
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Certificate | None,
    key: PrivateKey,
    issuer_key: PrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    usage = _usage(certificate_signing=True)
    path = x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0)
    builder = _builder(subject, issuer, key, issuer_key, now, life)
    builder = builder.add_extension(path, critical=True).add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _signer(
    subject: x509.Name,
    issuer: x509.Certificate,
    key: PrivateKey,
    issuer_key: PrivateKey,
    now: datetime,
    purpose: ObjectIdentifier,
) -> x509.Certificate:
    builder = _builder(subject, issuer, key, issuer_key, now, _SEAL_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(certificate_signing=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Certificate | None,
    key: PrivateKey,
    issuer_key: PrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _usage(*, certificate_signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificate_signing,
        content_commitment=not certificate_signing,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificate_signing,
        crl_sign=certificate_signing,
        encipher_only=False,
        decipher_only=False,
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
