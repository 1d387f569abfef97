from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pikepdf
import pytest

from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.model import Rect, Trust
from bubuh.pdf.plan import plan, plan_with_library
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import development_pki
from tests.pdf.conftest import DATA, NOW, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.offline import affix_with_key

Complaints = Callable[[bytes], str]
Words = Callable[[bytes, Trust], dict[str, bool]]
Sheet = Callable[..., bytes]

FIRST, SECOND = f"Stamp_{SERIAL}", f"Stamp_{OTHER_SERIAL}"


@pytest.mark.oracle
def test_every_sample_is_stamped_and_all_judges_agree(
    desk: Desk,
    sample: bytes,
    qpdf_complaints: Complaints,
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Words,
) -> None:
    facts = inspect(sample)
    stamped = desk.affix(sample, page=facts.pages)
    assert desk.judge(stamped).is_genuine
    assert qpdf_complaints(stamped) == ""
    assert pyhanko_words(stamped, desk.trust)[FIRST] is True
    assert pdfsig_words(stamped) == ["Signature is Valid."] * (facts.signatures + 1)


def test_the_original_is_an_unchanged_prefix(desk: Desk, sample: bytes) -> None:
    stamped = desk.affix(sample)
    assert stamped.startswith(sample)
    assert 4_000 < len(stamped) - len(sample) < 16_000


def test_the_same_intent_gives_the_same_bytes_in_another_process(desk: Desk, letter: bytes) -> None:
    program = (
        "import pickle, sys, hashlib\n"
        "from bubuh.pdf.plan import plan\n"
        "made = plan(*pickle.load(sys.stdin.buffer))\n"
        "print(hashlib.sha256(made.pre + made.post).hexdigest(), made.digest.hex())\n"
    )
    import hashlib
    import pickle

    given = pickle.dumps((letter, desk.intent(), desk.chain))
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=given,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout.decode()
        for seed in ("1", "2")
    }
    here = plan(letter, desk.intent(), desk.chain)
    assert runs == {f"{hashlib.sha256(here.pre + here.post).hexdigest()} {here.digest.hex()}\n"}


def test_planning_changes_no_argument_and_no_state(desk: Desk, sample: bytes) -> None:
    assert plan(sample, desk.intent(), desk.chain) == plan(sample, desk.intent(), desk.chain)


@pytest.mark.oracle
def test_two_stamps_in_one_document_are_both_valid(
    desk: Desk,
    sample: bytes,
    qpdf_complaints: Complaints,
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Words,
) -> None:
    facts = inspect(sample)
    once = desk.affix(sample)
    twice = desk.affix(once, OTHER_SERIAL, page=facts.pages, x_pt=140)
    said = pyhanko_words(twice, desk.trust)
    assert said[FIRST]
    assert said[SECOND]
    assert qpdf_complaints(twice) == ""
    judged = desk.judge(twice)
    assert judged.is_genuine
    assert [stamp.serial_no for stamp in judged.stamps] == [SERIAL, OTHER_SERIAL]
    assert inspect(twice).earlier_stamps == (SERIAL, OTHER_SERIAL)
    assert judged.stamps[0].digest == plan(sample, desk.intent(), desk.chain).digest
    assert pdfsig_words(twice) == ["Signature is Valid."] * (facts.signatures + 2)


def test_five_stamps_one_after_another_are_all_genuine(desk: Desk, letter: bytes) -> None:
    document = letter
    for number in range(5):
        document = desk.affix(document, f"{number}{SERIAL[1:]}", x_pt=20 + 90 * number)
    judged = desk.judge(document)
    assert judged.is_genuine
    assert len(judged.stamps) == 5


def test_an_earlier_signature_of_another_party_stays_valid(desk: Desk, pyhanko_words: Words) -> None:
    signed = (DATA / "surat-pernyataan-sudah-ditandatangani.pdf").read_bytes()
    stamped = desk.affix(signed)
    trusting_both = replace(desk.trust, roots=(*desk.trust.roots, _signer_of(signed)))
    assert pyhanko_words(stamped, trusting_both) == {"TandaTanganPihakLain": True, FIRST: True}
    assert desk.judge(stamped).findings == ("other_signature",)


def test_form_fields_keep_their_values(desk: Desk) -> None:
    form = (DATA / "perjanjian-sewa-formulir.pdf").read_bytes()

    def values(document: bytes) -> dict[str, str]:
        with pikepdf.open(io.BytesIO(document)) as pdf:
            fields = pdf.Root.AcroForm.Fields
            return {str(item.T): str(item.V) for item in fields if item.get("/FT") != "/Sig"}

    assert values(desk.affix(form, page=3)) == values(form)


@pytest.mark.parametrize("algorithm", ["rsa2048", "rsa3072"])
def test_rsa_keys_seal_as_well(algorithm: str, letter: bytes, pyhanko_words: Words) -> None:
    desk = Desk.open(development_pki(NOW - timedelta(days=1), algorithm=algorithm))  # type: ignore[arg-type]
    stamped = desk.affix(letter)
    assert desk.judge(stamped).is_genuine
    assert pyhanko_words(stamped, desk.trust) == {FIRST: True}


def test_an_increment_is_of_the_kind_of_the_newest_section(desk: Desk, sheet: Sheet) -> None:
    streams = sheet(object_stream_mode=pikepdf.ObjectStreamMode.generate)
    tables = sheet(object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert b"/Type /XRef" in desk.affix(streams)[len(streams) :]
    assert b"\nxref\n" in desk.affix(tables)[len(tables) :]


@pytest.mark.oracle
@pytest.mark.parametrize("saving", [{"linearize": True}, {"force_version": "1.4"}, {"min_version": "2.0"}])
def test_linearized_old_and_new_files_are_stamped(
    desk: Desk, sheet: Sheet, saving: dict[str, object], qpdf_complaints: Complaints, pyhanko_words: Words
) -> None:
    stamped = desk.affix(sheet(pages=3, **saving), page=3)
    assert "WARNING" not in qpdf_complaints(stamped)
    assert pyhanko_words(stamped, desk.trust) == {FIRST: True}
    assert desk.judge(stamped).is_genuine


@pytest.mark.oracle
@pytest.mark.parametrize("revision", [2, 3, 4, 6])
def test_files_that_anyone_may_open_are_stamped_though_encrypted(
    desk: Desk, sheet: Sheet, revision: Literal[2, 3, 4, 6], qpdf_complaints: Complaints, pyhanko_words: Words
) -> None:
    plain = pikepdf.Encryption(
        owner="pemilik", user="", R=revision, aes=revision >= 4, metadata=revision >= 4
    )
    stamped = desk.affix(sheet(encryption=plain))
    assert qpdf_complaints(stamped) == ""
    assert pyhanko_words(stamped, desk.trust) == {FIRST: True}
    assert desk.judge(stamped).is_genuine


def test_annotations_and_fields_behind_references_are_appended_to(desk: Desk, sheet: Sheet) -> None:
    def indirect(pdf: pikepdf.Pdf) -> None:
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])
        pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(link)]))
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("nama"), V=pikepdf.String("Contoh"))
        fields = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(field)]))
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=fields))

    with pikepdf.open(io.BytesIO(desk.affix(sheet(edit=indirect)))) as pdf:
        assert [str(item.Subtype) for item in pdf.pages[0].Annots] == ["/Link", "/Widget"]
        assert [str(item.T) for item in pdf.Root.AcroForm.Fields] == ["nama", FIRST]
        assert pdf.Root.AcroForm.SigFlags == 3


def test_null_annotations_are_no_hindrance(desk: Desk, sheet: Sheet) -> None:
    def hollow(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Annots = pikepdf.Array([None])

    assert desk.judge(desk.affix(sheet(edit=hollow))).is_genuine


def test_annotations_behind_a_reference_to_null_are_none_to_the_library_too(
    desk: Desk, sheet: Sheet, qpdf_complaints: Complaints
) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.String("null"))

    document = sheet(edit=edit).replace(b"(null)", b" null ")
    increment = plan_with_library(document, desk.intent(), desk.chain)
    rehearse(document, increment, desk.intent())
    assert qpdf_complaints(document + increment.sealed(b"")) == ""


def test_a_page_without_media_box_is_a_letter_as_readers_take_it(desk: Desk, sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        del pdf.pages[0].obj.MediaBox

    document = sheet(edit=edit)
    assert b"/MediaBox" not in document
    assert inspect(document).boxes[0].crop == Rect(0, 0, 612, 792)
    assert desk.judge(desk.affix(document)).is_genuine


def test_the_signature_dictionary_says_what_it_must(desk: Desk, letter: bytes) -> None:
    with pikepdf.open(io.BytesIO(desk.affix(letter))) as pdf:
        field = pdf.Root.AcroForm.Fields[0]
        assert str(field.T) == FIRST
        assert field.F == 132
        assert field.V.SubFilter == pikepdf.Name("/ETSI.CAdES.detached")
        assert str(field.V.M) == "D:20261122030000Z"
        assert "/Reference" not in field.V, "an approval signature: others may sign after us"
        assert bytes(pdf.trailer.ID[1]) == bytes(range(16))


def test_the_object_count_is_right_though_the_producer_was_wrong(
    desk: Desk, sheet: Sheet, qpdf_complaints: Complaints
) -> None:
    document = sheet(object_stream_mode=pikepdf.ObjectStreamMode.disable)
    size = document.rpartition(b"/Size ")[2].split()[0]
    wrong = document.replace(b"/Size " + size, b"/Size 9", 1)
    assert len(size) == 1
    assert qpdf_complaints(desk.affix(wrong)) == ""


def test_a_document_takes_each_serial_number_once(desk: Desk, letter: bytes) -> None:
    with pytest.raises(DocumentRefused) as refused:
        desk.affix(desk.affix(letter), x_pt=200)
    assert refused.value.reason is Reason.SERIAL_PRESENT


def test_a_signature_longer_than_its_room_never_leaves(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    with pytest.raises(AssertionError):
        increment.sealed(bytes(increment.room_bytes + 1))
    assert len(increment.sealed(b"")) == len(increment.sealed(bytes(increment.room_bytes)))


def test_unrehearsed_and_rehearsed_stamps_are_the_same(desk: Desk, letter: bytes) -> None:
    key = load_key(development_pki(NOW, algorithm="rsa2048").seal_key)  # PKCS#1 v1.5 has no chance in it
    chain = replace(desk.chain, algorithm="rsa2048")
    made = {
        affix_with_key(letter, desk.intent(), chain, key, rehearsed=rehearsed) for rehearsed in (True, False)
    }
    assert len(made) == 1


def test_room_is_a_multiple_of_its_step_for_every_algorithm(desk: Desk) -> None:
    rooms = [cms.room_bytes(replace(desk.chain, algorithm=name)) for name in ("p256", "rsa2048", "rsa3072")]
    assert all(room % cms.STEP_BYTES == 0 for room in rooms)
    assert rooms == sorted(rooms)


def _signer_of(document: bytes) -> bytes:
    from pyhanko.pdf_utils.reader import PdfFileReader

    certificate: bytes = PdfFileReader(io.BytesIO(document)).embedded_signatures[0].signer_cert.dump()
    return certificate
