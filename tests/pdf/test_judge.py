"""The checker never calls a forgery genuine, and never raises."""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
import random
from collections.abc import Callable
from datetime import timedelta

import pikepdf
import pytest

from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Indication, Judgement
from tests.pdf.conftest import DATA, NOW, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.forgeries import Forge, other_content, overlay_annotation, updated
from tests.pdf.strangers import signed_by_stranger, with_document_time_stamp, with_dss, with_purpose

Sheet = Callable[..., bytes]


@pytest.mark.parametrize("forge", [other_content, overlay_annotation])
def test_a_stamp_over_a_forgery_does_not_heal_it(forge: Forge, desk: Desk, letter: bytes) -> None:
    """The office stamps again what was changed in between: the first stamp's document is not that one."""
    healed = desk.affix(forge(desk.affix(letter)), OTHER_SERIAL, x_pt=200)
    said = desk.judge(healed)
    assert not said.is_genuine
    assert "changed_after_stamp" in said.reasons
    assert [stamp.indication for stamp in said.stamps] == [Indication.FAILED, Indication.PASSED]


@pytest.mark.parametrize("between", [b"% halo\n", b"4 0 obj\n<< /Type /Page >>\nendobj\n"])
def test_bytes_hidden_between_two_stamps_are_found(between: bytes, desk: Desk, letter: bytes) -> None:
    """No table lists them, so pyHanko passes them; a reader that rebuilds the table would show them."""
    once = desk.affix(letter)
    foot = once[once.rindex(b"startxref") :]
    said = desk.judge(desk.affix(once + between + foot, OTHER_SERIAL, x_pt=200))
    assert not said.is_genuine


@pytest.mark.parametrize("step", [41, pytest.param(1, marks=pytest.mark.long)])
def test_every_byte_of_a_stamp_counts(step: int, desk: Desk, sheet: Sheet) -> None:
    """Each byte of the increment in turn, one bit changed: what the signature leaves out counts as well."""
    document = sheet()
    stamped = desk.affix(document)
    chance = random.Random(7)
    for at in range(len(document) + chance.randrange(step), len(stamped), step):
        mutant = stamped[:at] + bytes((stamped[at] ^ (1 << chance.randrange(8)),)) + stamped[at + 1 :]
        assert not desk.judge(mutant).is_genuine, f"byte {at}: {stamped[at - 20 : at + 20]!r}"


def test_a_form_filled_after_stamping_is_not_genuine(desk: Desk) -> None:
    from pyhanko.pdf_utils.generic import TextStringObject, pdf_name

    def fill(writer) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = TextStringObject("Orang Lain")
        writer.update_container(field)

    stamped = desk.affix((DATA / "perjanjian-sewa-formulir.pdf").read_bytes())
    said = desk.judge(updated(stamped, fill))
    assert not said.is_genuine
    assert "changed_after_stamp" in said.reasons


def test_a_stamp_carried_over_to_another_document_is_not_genuine(desk: Desk, sheet: Sheet) -> None:
    one, other = sheet(), sheet(media=(0, 0, 595, 843))
    assert len(one) == len(other)
    increment = desk.affix(one)[len(one) :]
    said = desk.judge(other + increment)
    assert said.indication is Indication.FAILED
    assert said.sub_indication == "HASH_FAILURE"


def test_the_unstamped_original_has_no_stamp(desk: Desk, letter: bytes) -> None:
    said = desk.judge(letter)
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("no_stamp",))
    assert said.stamps == ()


def test_a_document_signed_by_someone_else_alone_has_no_stamp(desk: Desk) -> None:
    said = desk.judge((DATA / "surat-pernyataan-sudah-ditandatangani.pdf").read_bytes())
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("no_stamp",))
    assert said.findings == ("other_signature",)


def test_a_stamp_by_an_unknown_office_is_not_proven(desk: Desk, stranger: Desk, letter: bytes) -> None:
    said = desk.judge(stranger.affix(letter))
    assert said.indication is Indication.INDETERMINATE
    assert said.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert said.reasons == ("untrusted", "authority_imitated")


def test_one_unknown_stamp_beside_a_good_one_spoils_the_verdict(
    desk: Desk, stranger: Desk, letter: bytes
) -> None:
    for first, second in ((desk, stranger), (stranger, desk)):
        said = desk.judge(second.affix(first.affix(letter), OTHER_SERIAL, x_pt=200))
        assert not said.is_genuine
        assert sorted(stamp.indication for stamp in said.stamps) == [
            Indication.INDETERMINATE,
            Indication.PASSED,
        ]


def test_an_expired_seal_without_proof_of_time_is_indeterminate(desk: Desk, letter: bytes) -> None:
    said = desk.judge(desk.affix(letter), now=NOW + timedelta(days=6 * 365))
    assert (said.indication, said.sub_indication) == (Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE")


def test_a_seal_from_before_its_certificate_is_not_genuine(desk: Desk, letter: bytes) -> None:
    said = desk.judge(desk.affix(letter), now=NOW - timedelta(days=400))
    assert not said.is_genuine


def test_no_root_means_no_trust(desk: Desk, letter: bytes) -> None:
    assert not desk.judge(desk.affix(letter), roots=()).is_genuine


def test_a_certificate_for_another_purpose_makes_no_stamp(desk: Desk, letter: bytes) -> None:
    """The statement certificate signs receipts and turns: never a stamp, though it has the same root."""
    other = with_purpose(desk, "1.3.6.1.5.5.7.3.4")
    said = other.judge(other.affix(letter))
    assert not said.is_genuine
    assert said.reasons == ("untrusted",)


def test_a_certificate_for_documents_or_without_stated_purpose_does(desk: Desk, letter: bytes) -> None:
    for purpose in (None, "1.3.6.1.5.5.7.3.36"):
        other = with_purpose(desk, purpose)
        assert other.judge(other.affix(letter)).is_genuine


def test_a_field_prepared_before_stamping_cannot_borrow_the_signature(desk: Desk, sheet: Sheet) -> None:
    """A shadow: a field whose value is the object that our signature will become."""

    def prepare(pdf: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("Stamp_9ZZZZZZZZZZZZZZZZZZZZZ"))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])

    plain = sheet(edit=prepare, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    genuine = desk.affix(plain)
    with pikepdf.open(io.BytesIO(genuine)) as pdf:
        number = pdf.Root.AcroForm.Fields[1].V.objgen[0]

    shadowed = plain.replace(b"/FT /Sig ", b"/FT/Sig/V %d 0 R " % number)
    shadowed = _reseated(shadowed)
    stamped = desk.affix(shadowed)
    said = desk.judge(stamped)
    assert len(said.stamps) == 2
    assert "signature_shared" in said.reasons
    assert not said.is_genuine


def test_content_prepared_before_stamping_cannot_come_in_with_a_dss(desk: Desk, sheet: Sheet) -> None:
    """A shadow: the page refers to an object that does not exist yet; a later "DSS" brings it."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.generic import pdf_name

    def prepare(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Contents = pikepdf.Array([pdf.pages[0].obj.Contents])

    plain = sheet(edit=prepare, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    shadowed = _reseated(plain.replace(b"/Contents [ ", b"/Contents [ 40 0 R ", 1))
    assert b"40 0 R" in shadowed
    stamped = desk.affix(shadowed)
    if not desk.judge(stamped).is_genuine:
        return  # refused already for its loose end: as good

    def bring(writer) -> None:
        writer.objects[0, 40] = generic.StreamObject(stream_data=b"0 0 300 300 re f")
        loose = generic.IndirectObject(40, 0, writer)
        writer.root[pdf_name("/DSS")] = generic.DictionaryObject(
            {pdf_name("/Certs"): generic.ArrayObject([loose])}
        )
        writer.update_root()
        writer._lastobj_id = max(writer._lastobj_id, 40)

    assert not desk.judge(updated(stamped, bring)).is_genuine


def test_validation_material_added_later_leaves_the_stamp_genuine(desk: Desk, letter: bytes) -> None:
    once = desk.affix(letter)
    with_store = with_dss(once, desk.pki.root_certificate)
    assert desk.judge(with_store).is_genuine
    twice = desk.affix(with_store, OTHER_SERIAL, x_pt=200)
    assert desk.judge(twice).is_genuine
    again = with_dss(twice, desk.pki.issuing_certificate)
    assert desk.judge(again).is_genuine
    assert again.startswith(twice)
    assert twice.startswith(with_store)


def test_a_trusted_document_time_stamp_leaves_it_genuine_and_an_unknown_one_does_not(
    desk: Desk, letter: bytes
) -> None:
    stamped = desk.affix(letter)
    timed, authority = with_document_time_stamp(stamped)
    assert desk.judge(timed, timestamp_roots=(authority,)).is_genuine
    assert desk.judge(timed, timestamp_roots=(authority,)).findings == ("time_stamp",)
    said = desk.judge(timed)
    assert not said.is_genuine
    assert said.reasons == ("time_stamp_untrusted",)


def test_a_time_stamp_that_draws_over_the_page_is_not_let_pass(desk: Desk, letter: bytes) -> None:
    """An authority stamps the time on anything: its field must not show anything."""
    timed, authority = with_document_time_stamp(desk.affix(letter), box=(50, 400, 500, 700))
    said = desk.judge(timed, timestamp_roots=(authority,))
    assert not said.is_genuine


def test_a_strangers_signature_after_the_stamp_is_not_let_pass(desk: Desk, letter: bytes) -> None:
    """Signature-overlay attack: pyHanko calls it form filling."""
    said = desk.judge(signed_by_stranger(desk.affix(letter)))
    assert not said.is_genuine
    assert "signed_after_stamp" in said.reasons


def test_an_earlier_signature_that_was_broken_before_stamping_spoils_the_verdict(desk: Desk) -> None:
    signed = (DATA / "surat-pernyataan-sudah-ditandatangani.pdf").read_bytes()
    said = desk.judge(desk.affix(overlay_annotation(signed)))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("earlier_signature_broken",))


def test_a_locked_document_is_not_proven(desk: Desk, sheet: Sheet) -> None:
    said = desk.judge(sheet(encryption=pikepdf.Encryption(owner="p", user="rahasia", R=6)))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("encrypted",))


def test_a_finding_tells_what_a_ledger_needs(desk: Desk, letter: bytes) -> None:
    import hashlib

    from bubuh.pdf.plan import plan

    said = desk.judge(desk.affix(letter))
    (finding,) = said.stamps
    assert finding.serial_no == SERIAL
    assert finding.digest == plan(letter, desk.intent(), desk.chain).digest
    assert finding.signed_at == NOW
    assert finding.page == 1
    assert finding.certificate_sha256 == hashlib.sha256(desk.chain.seal_certificate).digest()


@pytest.mark.parametrize(
    "junk", [b"", b"%PDF", b"%PDF-1.7\n%%EOF", bytes(1000), b"%PDF-1.4 startxref 5 %%EOF"]
)
def test_judging_junk_raises_nothing(desk: Desk, junk: bytes) -> None:
    said = judge(junk, desk.trust)
    assert isinstance(said, Judgement)
    assert not said.is_genuine
    assert said.reasons


def test_mutants_of_a_stamped_document_are_never_genuine(desk: Desk, sample: bytes) -> None:
    from tests.pdf.test_refusals import mutated

    stamped = desk.affix(sample)
    chance = random.Random(len(stamped))
    for _ in range(25):
        mutant = mutated(stamped, chance)
        assert mutant == stamped or not desk.judge(mutant).is_genuine


@pytest.mark.long
def test_thousands_of_mutants_are_never_genuine(desk: Desk, sample: bytes) -> None:
    from tests.pdf.test_refusals import mutated

    stamped = desk.affix(desk.affix(sample), OTHER_SERIAL, x_pt=140)
    for seed in range(1000):
        mutant = mutated(stamped, random.Random(seed))
        assert mutant == stamped or not desk.judge(mutant).is_genuine, seed


def _reseated(document: bytes) -> bytes:
    """The document with its table of contents made anew after a change by hand; loose ends stay."""
    import re

    body = document[: document.rindex(b"xref\n", 0, document.rindex(b"startxref"))]
    trailer = re.search(rb"trailer\s*(<<.*?>>)\s*startxref", document, re.DOTALL)
    assert trailer is not None
    places = {int(found[1]): found.start() for found in re.finditer(rb"(?m)^(\d+) 0 obj", body)}
    rows = [b"0000000000 65535 f "] + [b"%010d 00000 n " % places[number] for number in sorted(places)]
    assert sorted(places) == list(range(1, len(places) + 1))
    head = b"xref\n0 %d\n" % len(rows)
    return (
        body
        + head
        + b"\n".join(rows)
        + b"\ntrailer "
        + trailer[1]
        + b"\nstartxref\n%d\n%%%%EOF\n" % len(body)
    )
