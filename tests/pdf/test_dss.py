from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bubuh.pdf.general.dss import append_dss
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import Evidence, Indication, Trust
from bubuh.pdf.refusals import DocumentRefused
from tests.authority import Authority
from tests.pdf.conftest import NOW, OTHER_SERIAL, Desk
from tests.pdf.strangers import with_dss
from tests.pdf.test_time_stamp import believing, with_time


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.found(NOW - timedelta(days=30))


def evidence(desk: Desk, authority: Authority) -> Evidence:
    chain = desk.chain
    roots = (desk.pki.root_certificate, authority.root)
    return Evidence(certificates=(chain.seal_certificate, chain.issuing_certificate, *roots), crls=(crl(),))


def crl() -> bytes:
    """A revocation list of somebody's."""
    name = pyca.Name([pyca.NameAttribute(pyca.NameOID.COMMON_NAME, "CA (UJI)")])
    builder = pyca.CertificateRevocationListBuilder().issuer_name(name)
    builder = builder.last_update(NOW).next_update(NOW + timedelta(days=30))
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def stored(document: bytes, key: str) -> list[bytes]:
    with pikepdf.open(io.BytesIO(document)) as pdf:
        return [item.read_bytes() for item in pdf.Root.DSS[key]]


def test_a_sample_at_b_lt_is_genuine_to_us_and_to_others_and_takes_another_stamp(
    desk: Desk,
    sample: bytes,
    authority: Authority,
    pyhanko_ades: Callable[[bytes, Trust], list[tuple[str, datetime]]],
) -> None:
    judge = believing(desk, authority)
    once = with_time(desk, sample, authority)
    first = once + append_dss(once, evidence(desk, authority))
    twice = with_time(desk, first, authority, OTHER_SERIAL, x_pt=200.0)
    second = twice + append_dss(twice, evidence(desk, authority))

    for document in (first, twice, second):
        said = judge.judge(document)
        assert said.indication is Indication.PASSED, said
        assert {indication for indication, _at in pyhanko_ades(document, judge.trust)[-1:]} == {"PASSED"}
    assert inspect(second).pages == inspect(sample).pages


def test_the_same_evidence_gives_the_same_bytes_and_is_stored_once(
    desk: Desk, letter: bytes, authority: Authority
) -> None:
    once, wanted = with_time(desk, letter, authority), evidence(desk, authority)
    first = once + append_dss(once, wanted)

    assert first == once + append_dss(once, wanted)
    again = first + append_dss(first, wanted.with_token(authority.token(bytes(32), None, NOW).dump()))

    assert stored(first, "/Certs") == list(wanted.certificates)
    assert stored(first, "/CRLs") == list(wanted.crls)
    found = {x509.Certificate.load(der).subject.native["common_name"] for der in stored(again, "/Certs")}
    assert len(stored(again, "/Certs")) == 5
    assert "Otoritas Waktu (UJI)" in found
    assert stored(again, "/CRLs") == list(wanted.crls)


def test_a_dss_of_before_our_stamp_keeps_what_it_has(desk: Desk, letter: bytes, authority: Authority) -> None:
    stamped = with_time(
        desk, with_dss(desk.affix(letter), desk.pki.root_certificate), authority, OTHER_SERIAL, x_pt=200.0
    )
    before = stored(stamped, "/Certs")

    whole = stamped + append_dss(stamped, evidence(desk, authority))

    assert stored(whole, "/Certs")[: len(before)] == before
    assert believing(desk, authority).judge(whole).indication is Indication.PASSED


def test_a_document_without_a_stamp_gets_none(desk: Desk, letter: bytes, authority: Authority) -> None:
    with pytest.raises(DocumentRefused):
        append_dss(letter, evidence(desk, authority))


def test_pdfsig_and_qpdf_agree(
    desk: Desk, letter: bytes, authority: Authority, oracle: Callable[[str], str], tmp_path: Path
) -> None:
    once = with_time(desk, letter, authority)
    file = tmp_path / "b-lt.pdf"
    file.write_bytes(once + append_dss(once, evidence(desk, authority)))

    said = subprocess.run([oracle("pdfsig"), "-nocert", file], capture_output=True, text=True, check=True)
    checked = subprocess.run([oracle("qpdf"), "--check", file], capture_output=True, text=True, check=False)

    assert said.stdout.count("Signature is Valid") == 1, said.stdout
    assert (checked.returncode, checked.stderr) == (0, "")
