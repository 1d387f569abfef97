"""Which certificates may seal: our rules, held against the library's on the same paths."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.judge.verdict import judge_whole
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.model import Chain, Trust
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.der import SEQUENCE, elements, inner, tlv
from bubuh.pdf.seal.keys import sign
from bubuh.pdf.seal.pki import DOCUMENT_SIGNING
from bubuh.pdf.seal.standing import standing
from tests.pdf.conftest import NOW, Desk

Extension = tuple[x509.ExtensionType, bool]
#: Of the group of P-256. Source: SEC 2, 2.4.2
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BITS = 0x03
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA224


def usage(*, seals: bool = False, issues: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(seals, seals, False, False, False, issues, issues, False, False)


@dataclass(kw_only=True)
class Path:
    """Root, authority and seal; a test changes what it is about."""

    root_name: str = "Akar"
    issuer_of_seal: str = "Penerbit"
    authority: list[Extension] = field(
        default_factory=lambda: [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (usage(issues=True), True),
        ]
    )
    seal: list[Extension] = field(
        default_factory=lambda: [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(seals=True), True),
            (x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), False),
        ]
    )
    authority_days: tuple[int, int] = (-100, 100)
    seal_days: tuple[int, int] = (-9, 9)
    authority_signs: bool = True
    digest: type[Digest] = hashes.SHA256

    def desk(self, like: Desk) -> Desk:
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
        root_key, authority_key, key, stranger = keys
        root = made(
            self.root_name, self.root_name, root_key, root_key, (-400, 400),
            [(x509.BasicConstraints(ca=True, path_length=None), True), (usage(issues=True), True)],
        )  # fmt: skip
        authority = made(
            "Penerbit", self.root_name, authority_key, root_key, self.authority_days, self.authority
        )
        signer = authority_key if self.authority_signs else stranger
        seal = made("Segel", self.issuer_of_seal, key, signer, self.seal_days, self.seal, self.digest)
        chain = Chain(key_id="t", seal_certificate=seal, issuing_certificate=authority)
        return Desk(pki=like.pki, key=key, trust=Trust(roots=(root,), now=NOW), chain=chain)


def made(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
    extensions: list[Extension],
    digest: type[Digest] = hashes.SHA256,
) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    first, last = (NOW + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(first).not_valid_after(last)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, digest()).public_bytes(serialization.Encoding.DER)


def without(extensions: list[Extension], kind: type[x509.ExtensionType]) -> list[Extension]:
    return [extension for extension in extensions if not isinstance(extension[0], kind)]


GOOD = Path()
ODD: x509.ExtensionType = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
PATHS: dict[str, tuple[Path, bool]] = {
    "as it should be": (GOOD, True),
    "no stated purpose": (Path(seal=without(GOOD.seal, x509.ExtendedKeyUsage)), True),
    "another purpose": (
        Path(
            seal=[
                *without(GOOD.seal, x509.ExtendedKeyUsage),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
            ]
        ),
        False,
    ),
    "one that may be denied": (
        Path(seal=[*without(GOOD.seal, x509.KeyUsage), (usage(), True)]),
        False,
    ),
    "no usage": (Path(seal=without(GOOD.seal, x509.KeyUsage)), False),
    "an authority that seals": (
        Path(
            seal=[
                *without(GOOD.seal, x509.BasicConstraints),
                (x509.BasicConstraints(ca=True, path_length=None), True),
            ]
        ),
        False,
    ),
    "something critical that nobody knows": (Path(seal=[*GOOD.seal, (ODD, True)]), False),
    "something that nobody knows": (Path(seal=[*GOOD.seal, (ODD, False)]), True),
    "something critical on the authority": (Path(authority=[*GOOD.authority, (ODD, True)]), False),
    "an issuer that is no authority": (
        Path(
            authority=[
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (usage(issues=True), True),
            ]
        ),
        False,
    ),
    "an issuer that may not issue": (
        Path(authority=[(x509.BasicConstraints(ca=True, path_length=0), True), (usage(seals=True), True)]),
        False,
    ),
    "an expired authority": (Path(authority_days=(-100, -1)), False),
    "an expired seal": (Path(seal_days=(-9, -1)), False),
    "a seal from tomorrow": (Path(seal_days=(1, 9)), False),
    "a name that is not the issuer's": (Path(issuer_of_seal="Lain"), False),
    "a signature that is not the issuer's": (Path(authority_signs=False), False),
}  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_believed_or_not_by_both_judges(name: str, desk: Desk, letter: bytes) -> None:
    path, believed = PATHS[name]
    other = path.desk(desk)
    stamped = other.affix(letter)
    quick, whole = judge_lean(stamped, other.trust), judge_whole(stamped, other.trust)
    assert (quick is not None, whole.is_genuine) == (believed, believed), whole


def test_only_the_hour_is_asked_each_time(desk: Desk) -> None:
    path = standing(desk.chain.seal_certificate, desk.chain.issuing_certificate, desk.trust.roots)
    assert path is not None
    hours: dict[datetime, bool] = {
        path.from_ - timedelta(seconds=1): False,
        path.from_: True,
        path.until: True,
        path.until + timedelta(seconds=1): False,
    }
    assert {hour: path.holds(hour) for hour in hours} == hours


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"\x30\x82\xff\xff", bytes(500)])
def test_junk_has_no_standing(junk: bytes, desk: Desk) -> None:
    chain, roots = desk.chain, desk.trust.roots
    assert standing(junk, chain.issuing_certificate, roots) is None
    assert standing(chain.seal_certificate, junk, roots) is None
    assert standing(chain.seal_certificate, chain.issuing_certificate, (junk,)) is None


def test_the_digest_of_a_certificate_must_be_a_strong_one(desk: Desk) -> None:
    for digest, believed in ((hashes.SHA224, False), (hashes.SHA256, True), (hashes.SHA384, True)):
        chain, trust = (other := Path(digest=digest).desk(desk)).chain, other.trust
        found = standing(chain.seal_certificate, chain.issuing_certificate, trust.roots)
        assert (found is not None) == believed


def test_unused_bits_of_a_certificates_signature_are_nobodys_to_change(desk: Desk, letter: bytes) -> None:
    """Its own signature does not cover how a certificate's bits end."""
    while (signed := _signature(desk.chain.issuing_certificate))[-1] & 1:
        desk = Path().desk(desk)  # a last bit of 0 could be called unused
    sealed = desk.affix(letter)
    ending = (b"\0" + signed).hex().encode()
    assert sealed.count(ending) == 1
    assert judge_whole(sealed, desk.trust).is_genuine

    touched = sealed.replace(ending, (b"\1" + signed).hex().encode())

    assert judge_lean(touched, desk.trust) is None
    assert not judge_whole(touched, desk.trust).is_genuine


def test_the_issuing_certificates_own_signature_is_under_the_seal(desk: Desk, letter: bytes) -> None:
    """Without any key, (r, s) can be rewritten into (r, n - s), which the root vouches for as well."""
    ours = Path().desk(desk)
    twin = replace(ours.chain, issuing_certificate=_twin(ours.chain.issuing_certificate))
    assert standing(twin.seal_certificate, twin.issuing_certificate, ours.trust.roots) is not None
    increment = plan_lean(letter, ours.intent(), ours.chain)
    signature = sign(ours.key, cms.signed_attributes(increment.digest, ours.chain))

    def sealed(chain: Chain) -> bytes:
        return letter + increment.sealed(cms.signed_data(increment.digest, signature, chain))

    assert judge_whole(sealed(ours.chain), ours.trust).is_genuine
    assert judge_lean(sealed(twin), ours.trust) is None
    assert not judge_whole(sealed(twin), ours.trust).is_genuine


def _twin(certificate: bytes) -> bytes:
    """The certificate with its issuer's ECDSA signature rewritten."""
    body, algorithm, _signed = (element for _tag, element in elements(inner(certificate)))
    r, s = utils.decode_dss_signature(_signature(certificate))
    return tlv(SEQUENCE, body, algorithm, tlv(_BITS, b"\0" + utils.encode_dss_signature(r, _ORDER - s)))


def _signature(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).signature
