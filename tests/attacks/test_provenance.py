"""Real things in false places: faces, seals, serial numbers, certificates and times that belong elsewhere.

What the file alone cannot tell is held against a ledger.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest

from bubuh.pdf.model import Indication, Judgement, Retired
from bubuh.pdf.seal.pki import Pki, development_pki
from bubuh.verification.model import SerialFacts, Verdict, Word
from bubuh.verification.weigh import weigh
from tests.attacks.conftest import Victim, sample
from tests.attacks.rogue import sealed
from tests.pdf.conftest import NOW, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.strangers import signed_by_stranger, with_purpose

Sheet = Callable[..., bytes]
LONG = timedelta(days=6 * 365)


def ledger(*affixed: bytes, desk: Desk) -> dict[str, SerialFacts | None]:
    """A ledger that knows the stamps of these documents, and of no other serial number."""
    stamps = [stamp for document in affixed for stamp in desk.judge(document).stamps]
    known: dict[str, SerialFacts | None] = {SERIAL: None, OTHER_SERIAL: None}
    for stamp in stamps:
        assert stamp.digest is not None
        known[stamp.serial_no] = SerialFacts(serial_no=stamp.serial_no, affixed_at=NOW, digest=stamp.digest)
    return known


def asked(said: Judgement, *affixed: bytes, desk: Desk) -> Verdict:
    return weigh(said, ledger(*affixed, desk=desk))


def pasted(face_of: bytes, onto: bytes) -> bytes:
    """The face of a stamped document drawn on another page."""
    with pikepdf.open(io.BytesIO(face_of)) as source, pikepdf.open(io.BytesIO(onto)) as pdf:
        face = pdf.copy_foreign(source.Root.AcroForm.Fields[-1].AP.N)
        page = pdf.pages[0]
        name = page.add_resource(face, pikepdf.Name.XObject)
        page.contents_add(b"q 0.8 0 0 0.8 40 700 cm %s Do Q" % bytes(name))
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def test_a_face_copied_onto_another_document_is_no_stamp(victim: Victim, sheet: Sheet) -> None:
    said = victim.desk.judge(pasted(victim.document, sheet()))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("face_without_seal",))
    assert asked(said, victim.document, desk=victim.desk).verdict is Word.NOT_PROVABLE


def test_nor_with_a_strangers_signature_on_it(victim: Victim, sheet: Sheet) -> None:
    said = victim.desk.judge(signed_by_stranger(pasted(victim.document, sheet())))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("face_without_seal",))
    assert said.findings == ("other_signature",)


def test_nor_with_the_stamp_of_a_strangers_office(desk: Desk, stranger: Desk, sheet: Sheet) -> None:
    copied = pasted(desk.affix(sample("surat-lamaran.pdf")), sheet())
    assert not desk.judge(stranger.affix(copied)).is_genuine
    assert stranger.judge(stranger.affix(copied)).is_genuine, "to those who believe that office"


def test_a_copied_face_beside_a_real_stamp_is_not_counted(desk: Desk, sheet: Sheet) -> None:
    """The stamp signed a page with a picture on it: genuine, one stamp; the report says which and where."""
    copied = pasted(desk.affix(sample("surat-lamaran.pdf")), sheet())
    said = desk.judge(desk.affix(copied, OTHER_SERIAL, x_pt=300))
    assert said.is_genuine
    assert [(stamp.serial_no, stamp.page) for stamp in said.stamps] == [(OTHER_SERIAL, 1)]


@pytest.mark.parametrize("kind", ["surat-lamaran.pdf", "daftar-hadir-diputar.pdf", "kuitansi-chromium.pdf"])
def test_cut_back_to_the_original_there_is_no_stamp(kind: str, desk: Desk) -> None:
    original = sample(kind)
    stamped = desk.affix(original)
    assert desk.judge(stamped).is_genuine
    said = desk.judge(stamped[: len(original)])
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("no_stamp",))
    assert not asked(said, stamped, desk=desk).is_genuine


def test_cut_back_to_its_first_stamp_a_document_is_what_it_was_then(desk: Desk) -> None:
    """The bytes that were delivered first; the ledger knows that stamp and says nothing else."""
    once = desk.affix(sample("surat-lamaran.pdf"))
    twice = desk.affix(once, OTHER_SERIAL, x_pt=300)
    assert [stamp.serial_no for stamp in desk.judge(twice[: len(once)]).stamps] == [SERIAL]
    for end in range(len(once) + 1, len(twice), 997):
        assert not desk.judge(twice[:end]).is_genuine, end


AROUND: dict[str, Callable[[bytes], bytes]] = {
    "a line end": lambda document: document + b"\n",
    "a carriage return": lambda document: document + b"\r",
    "a blank": lambda document: document + b" ",
    "a zero": lambda document: document + b"\0",
    "a comment": lambda document: document + b"%\n",
    "an end": lambda document: document + b"%%EOF\n",
    "a foot": lambda document: document + document[document.rindex(b"startxref") :],
    "the original": lambda document: document + sample("surat-lamaran.pdf"),
    "itself": lambda document: document + document,
    "an archive": lambda document: document + b"PK\5\6" + bytes(18),
    "a page of HTML": lambda document: document + b"<html></html>",
    "a line end before": lambda document: b"\n" + document,
    "a page of HTML before": lambda document: b"<html>" + document,
    "the original before": lambda document: sample("surat-lamaran.pdf") + document,
    "the last line end less": lambda document: document.rstrip(b"\r\n"),
    "its end cut off": lambda document: document[:-7],
}


@pytest.mark.parametrize("name", AROUND)
def test_bytes_around_a_document_are_not_let_pass(name: str, victim: Victim) -> None:
    assert not victim.falls_to(AROUND[name](victim.document))


def test_one_serial_number_in_two_documents_is_found_by_the_ledger(desk: Desk, sheet: Sheet) -> None:
    """A real key sealed both: each looks right by itself, the ledger knows but one."""
    sold, copy = desk.affix(sample("surat-lamaran.pdf")), desk.affix(sheet())
    known = {SERIAL: ledger(sold, desk=desk)[SERIAL]}
    assert weigh(desk.judge(sold), known).is_genuine
    verdict = weigh(desk.judge(copy), known)
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_GENUINE, ("ledger_digest_differs",))


def test_one_serial_number_twice_in_a_document_is_not_let_pass(desk: Desk) -> None:
    from bubuh.pdf.refusals import DocumentRefused

    once = desk.affix(sample("surat-lamaran.pdf"))
    with pytest.raises(DocumentRefused):
        desk.affix(once, x_pt=300)
    renamed = sealed(desk, once, desk.intent(OTHER_SERIAL, x_pt=300), lambda planned: planned.replace(
        OTHER_SERIAL.encode(), SERIAL.encode()))  # fmt: skip
    assert not desk.judge(renamed).is_genuine


def test_a_stamp_that_no_ledger_knows_is_not_let_pass_where_one_is_asked(victim: Victim) -> None:
    """Sealed with a key that was stolen, or retired: the signer refuses it, so nothing is in the ledger."""
    said = victim.desk.judge(victim.document)
    assert weigh(said, ledger(victim.document, desk=victim.desk)).is_genuine
    verdict = weigh(said, dict.fromkeys(stamp.serial_no for stamp in said.stamps))
    assert verdict.verdict is Word.NOT_GENUINE
    assert set(verdict.reasons) == {"serial_unknown"}


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1), timedelta(days=300)])
def test_a_stamp_made_with_a_key_after_it_was_retired_proves_nothing(after: timedelta, desk: Desk) -> None:
    retired = (Retired(hashlib.sha256(desk.chain.seal_certificate).digest(), NOW),)
    for base in (
        sample("surat-lamaran.pdf"),
        desk.affix(sample("perjanjian-sewa-formulir.pdf"), OTHER_SERIAL),
    ):
        made = replace(desk, now=NOW + after).affix(base)
        said = desk.judge(made, retired=retired, now=NOW + timedelta(days=301))
        assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("key_retired",))


def test_a_stamp_of_a_key_that_was_retired_since_stays_genuine(desk: Desk) -> None:
    """Retiring ends sealing, not stamps: what the old key sealed in its time the root still vouches for."""
    old = desk.affix(sample("surat-lamaran.pdf"))
    successor = Desk.open(development_pki(NOW))
    roots = (*desk.trust.roots, *successor.trust.roots)
    both = successor.affix(old, OTHER_SERIAL, x_pt=300)
    assert desk.judge(both, roots=roots).is_genuine
    assert not desk.judge(both).is_genuine
    assert not desk.judge(both, roots=successor.trust.roots).is_genuine


def test_an_office_of_the_same_names_is_not_believed(desk: Desk, stranger: Desk) -> None:
    """A look-alike: every name in its certificates is ours, and only the keys are not."""
    assert names(desk.pki) == names(stranger.pki)
    said = desk.judge(stranger.affix(sample("surat-lamaran.pdf")))
    assert (said.indication, said.reasons) == (
        Indication.INDETERMINATE,
        ("untrusted", "authority_imitated"),
    )


def names(pki: Pki) -> list[bytes]:
    from cryptography import x509

    chain = (pki.root_certificate, pki.issuing_certificate, pki.seal_certificate)
    return [x509.load_der_x509_certificate(made).subject.public_bytes() for made in chain]


MIXED: Mapping[str, Callable[[Desk, Desk], Desk]] = {
    "our certificates, another key": lambda ours, theirs: replace(ours, key=theirs.key),
    "our issuing certificate": lambda ours, theirs: replace(
        theirs, chain=replace(theirs.chain, issuing_certificate=ours.chain.issuing_certificate)
    ),
    "our seal certificate beside theirs": lambda ours, theirs: replace(
        theirs, chain=replace(theirs.chain, issuing_certificate=ours.chain.seal_certificate)
    ),
    "our root beside their seal": lambda ours, theirs: replace(
        theirs, chain=replace(theirs.chain, issuing_certificate=ours.pki.root_certificate)
    ),
    "issued by a seal": lambda ours, theirs: issued_by_a_seal(ours),
}


@pytest.mark.parametrize("name", MIXED)
def test_real_certificates_beside_false_keys_help_nobody(name: str, desk: Desk, stranger: Desk) -> None:
    assert desk.judge(desk.affix(sample("surat-lamaran.pdf"))).is_genuine
    forger = MIXED[name](desk, stranger)
    assert not desk.judge(sealed(forger, sample("surat-lamaran.pdf"), forger.intent())).is_genuine


def issued_by_a_seal(desk: Desk) -> Desk:
    """A seal certificate's key signs another certificate: it is no authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_der_x509_certificate(desk.chain.seal_certificate)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    builder = x509.CertificateBuilder().subject_name(issuer.subject).issuer_name(issuer.subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(issuer.not_valid_before_utc).not_valid_after(
        issuer.not_valid_after_utc
    )
    made = builder.add_extension(usage, True).sign(desk.key, hashes.SHA256())
    der = made.public_bytes(serialization.Encoding.DER)
    chain = replace(desk.chain, seal_certificate=der, issuing_certificate=desk.chain.seal_certificate)
    return replace(desk, chain=chain, key=key)


@pytest.mark.parametrize("purpose", ["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.3"])
def test_a_certificate_for_letters_time_or_programs_makes_no_stamp(purpose: str, desk: Desk) -> None:
    any_purpose = with_purpose(desk, None)
    assert any_purpose.judge(any_purpose.affix(sample("surat-lamaran.pdf"))).is_genuine
    other = with_purpose(desk, purpose)
    assert not other.judge(other.affix(sample("surat-lamaran.pdf"))).is_genuine


@pytest.mark.parametrize("days", [-LONG.days, -31, LONG.days, 4 * LONG.days])
def test_out_of_its_certificates_time_a_seal_proves_nothing_by_itself(days: int, victim: Victim) -> None:
    said = victim.desk.judge(victim.document, now=NOW + timedelta(days=days))
    assert said.indication is not Indication.PASSED
    assert victim.desk.judge(victim.document, now=NOW + timedelta(days=300)).is_genuine


def test_roots_are_believed_and_nothing_else(victim: Victim) -> None:
    """Neither the seal nor what issued it is an anchor by being there."""
    assert not victim.desk.judge(victim.document, roots=()).is_genuine
    assert not victim.desk.judge(
        victim.document, timestamp_roots=victim.desk.trust.roots, roots=()
    ).is_genuine
