"""Whether a seal certificate may seal, to one who believes certain roots: RFC 5280, and our own rules.

One path is looked for: seal, issuing authority, root; a seal carries no more certificates than that. It is
looked for once and remembered; only the hour is asked each time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from bubuh.pdf.seal.cms_match import PROVOKED
from bubuh.pdf.seal.pki import DOCUMENT_SIGNING

E = TypeVar("E", bound=x509.ExtensionType)
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNDERSTOOD: Final = frozenset(
    {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A seal certificate with a path to a root: its key, and when the path holds."""

    key: PublicKey
    from_: datetime  #: aware
    until: datetime

    def holds(self, at: datetime) -> bool:
        """Whether every certificate of the path is valid `at` that time; a root's own dates do not count.

        Source: RFC 5280, 6.1.3 (a) (2); 6.1.1 (d) for the root.
        """
        return self.from_ <= at <= self.until


@functools.lru_cache(maxsize=256)
def standing(seal: bytes, issuing: bytes, roots: tuple[bytes, ...]) -> Standing | None:
    """The standing of the certificate `seal` issued by `issuing` (DER) under one of `roots`; None: none."""
    try:
        return _standing(seal, issuing, roots)
    except PROVOKED:
        return None


def imitates(certificates: Iterable[bytes], roots: tuple[bytes, ...]) -> bool:
    """Whether one of `certificates` (DER) says that a root issued it, by name, which did not."""
    try:
        anchors = [x509.load_der_x509_certificate(root) for root in roots]
        for certificate in map(x509.load_der_x509_certificate, certificates):
            named = [anchor for anchor in anchors if anchor.subject == certificate.issuer]
            if named and not any(_issued(certificate, anchor) for anchor in named):
                return True
    except PROVOKED:
        return False
    return False


def _standing(seal: bytes, issuing: bytes, roots: tuple[bytes, ...]) -> Standing | None:
    own, authority = x509.load_der_x509_certificate(seal), x509.load_der_x509_certificate(issuing)
    if not (_ends_in_signature(seal, own) and _ends_in_signature(issuing, authority)):
        return None
    key = own.public_key()
    if not isinstance(key, PublicKey) or not _may_seal(own) or not _issued(own, authority):
        return None
    path = [own]
    if issuing not in roots:
        anchors = (x509.load_der_x509_certificate(root) for root in roots)
        if not (_may_issue(authority) and any(_issued(authority, anchor) for anchor in anchors)):
            return None
        path.append(authority)
    return Standing(
        key,
        max(certificate.not_valid_before_utc for certificate in path),
        min(certificate.not_valid_after_utc for certificate in path),
    )


def _ends_in_signature(written: bytes, certificate: x509.Certificate) -> bool:
    """Whether the signature's bits are whole octets: the count of unused ones is covered by no signature."""
    return written.endswith(b"\0" + certificate.signature)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether `authority` signed `certificate`, by name and by signature."""
    if certificate.issuer != authority.subject:
        return False
    if not isinstance(certificate.signature_hash_algorithm, _HASHES):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except InvalidSignature:
        return False
    return True


def _may_seal(certificate: x509.Certificate) -> bool:
    """Not an authority; for what cannot be denied later; for documents, if it states purposes at all.

    Source: RFC 9336 (document signing); ETSI EN 319 412-2, 4.3.2 (key usage).
    """
    extensions = certificate.extensions
    if not _is_understood(extensions) or _is_authority(extensions):
        return False
    usage = _find(extensions, x509.KeyUsage)
    purposes = _find(extensions, x509.ExtendedKeyUsage)
    return (usage is not None and usage.content_commitment) and (
        purposes is None or DOCUMENT_SIGNING in purposes
    )


def _may_issue(certificate: x509.Certificate) -> bool:
    extensions = certificate.extensions
    usage = _find(extensions, x509.KeyUsage)
    return (
        _is_understood(extensions) and _is_authority(extensions) and usage is not None and usage.key_cert_sign
    )


def _is_authority(extensions: x509.Extensions) -> bool:
    constraints = _find(extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _is_understood(extensions: x509.Extensions) -> bool:
    """Whether nothing critical stands in the certificate that these rules do not look at."""
    return all(extension.oid in _UNDERSTOOD for extension in extensions if extension.critical)


def _find(extensions: x509.Extensions, kind: type[E]) -> E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
