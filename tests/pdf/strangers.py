"""What others may add to a stamped document: validation material, time, signatures, other certificates."""
# mypy: allow-untyped-calls

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bubuh.pdf.general.appender import Appender
from bubuh.pdf.general.reader import open_reader
from bubuh.pdf.seal.pki import development_pki
from tests.pdf.conftest import NOW, Desk


def with_purpose(desk: Desk, purpose: str | None) -> Desk:
    """A desk whose certificate has the same issuer's signature but another stated purpose."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Akar uji")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Segel uji")])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    issuing = x509.KeyUsage(False, False, False, False, False, True, True, False, False)

    def base(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(NOW - timedelta(days=9)).not_valid_after(NOW + timedelta(days=9))

    root = base(root_name, root_key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
    root_made = root.add_extension(issuing, True).sign(root_key, hashes.SHA256())
    seal = base(name, key.public_key()).add_extension(usage, True)
    if purpose is not None:
        seal = seal.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)]), False)
    der = [
        made.public_bytes(serialization.Encoding.DER)
        for made in (root_made, seal.sign(root_key, hashes.SHA256()))
    ]
    chain = replace(desk.chain, seal_certificate=der[1], issuing_certificate=der[0])
    return replace(desk, chain=chain, key=key, trust=replace(desk.trust, roots=(der[0],)))


def with_dss(document: bytes, certificate: bytes) -> bytes:
    from asn1crypto import x509
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    writer = quiet_writer(document)
    certificates = [x509.Certificate.load(certificate)]
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=certificates)
    return document + writer.increment(len(document))


def quiet_writer(document: bytes) -> Appender:
    """The writer that changes nothing on its own account."""
    return Appender(open_reader(document), file_id=bytes(16), fallback_id=bytes(16))


def with_document_time_stamp(
    document: bytes, box: tuple[int, int, int, int] | None = None, edit: Callable[[Any], None] | None = None
) -> tuple[bytes, bytes]:
    """`document` with a document time-stamp, and the authority; `edit` gets the field before it is signed."""
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field
    from pyhanko.sign.signers import PdfTimeStamper

    writer = quiet_writer(document)
    if box is not None or edit is not None:
        append_signature_field(writer, SigFieldSpec(sig_field_name="Waktu", box=box))
    if edit is not None:
        edit(writer.root["/AcroForm"]["/Fields"][-1])
    timer = PdfTimeStamper(time_stamper(), field_name="Waktu")
    out = timer.timestamp_pdf(writer, "sha256", validation_context=None)
    return bytes(out.getbuffer()), time_authority()[1]


@functools.cache
def time_stamper():
    """The authority as pyHanko asks it: one that was asked before knows how long its answers are."""
    from asn1crypto import keys, x509
    from pyhanko.sign.timestamps import DummyTimeStamper
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    pkcs8, certificate = time_authority()
    return DummyTimeStamper(
        tsa_cert=x509.Certificate.load(certificate),
        tsa_key=keys.PrivateKeyInfo.load(pkcs8),
        certs_to_embed=SimpleCertificateStore(),
        fixed_dt=datetime(2026, 11, 22, 4, tzinfo=UTC),
    )


@functools.cache
def time_authority() -> tuple[bytes, bytes]:
    """Key (PKCS #8) and certificate of the one authority of time that strangers here ask."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pkcs8, authority(key)


def authority(key) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Otoritas waktu uji")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(5)
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + timedelta(days=9))
    )
    purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")])
    made = builder.add_extension(purpose, True).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def signed_by_stranger(document: bytes) -> bytes:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives import serialization
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    other = development_pki(NOW)
    key = serialization.load_pem_private_key(other.seal_key, None).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(other.seal_certificate),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore(),
    )
    terms = signers.PdfSignatureMetadata(field_name="Lain", subfilter=SigSeedSubFilter.PADES)
    field = SigFieldSpec(sig_field_name="Lain", box=(50, 400, 500, 700))
    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    out = signers.PdfSigner(terms, signer=signer, new_field_spec=field).sign_pdf(writer)
    return bytes(out.getbuffer())
