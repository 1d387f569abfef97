"""T3: what is damaged is written anew, looks the same and is stamped; what was signed is left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.look import looks_the_same, pages_seen
from bubuh.pdf.intake.repair import repair
from bubuh.pdf.refusals import DocumentRefused, Reason, may_be_repaired
from tests.pdf.conftest import DATA, SERIAL, Desk
from tests.pdf.damage import DAMAGES, bytes_before, two_faced

Damage = Callable[[bytes], bytes]

SIGNED = DATA / "surat-pernyataan-sudah-ditandatangani.pdf"


def why_refused(act: Callable[[bytes], object], document: bytes) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as refused:
        act(document)
    return refused.value


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_and_once_repaired_stamped_and_genuine(
    damage: Damage,
    letter: bytes,
    desk: Desk,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[..., dict[str, bool]],
) -> None:
    damaged = damage(letter)
    assert may_be_repaired(why_refused(inspect, damaged))

    normalised = repair(damaged)
    stamped = desk.affix(normalised.document)

    assert normalised.facts == inspect(normalised.document)
    assert looks_the_same(letter, normalised.document)
    assert desk.judge(stamped).is_genuine, desk.judge(stamped)
    assert pyhanko_words(stamped, desk.trust) == {f"Stamp_{SERIAL}": True}
    assert pdfsig_words(stamped) == ["Signature is Valid."]
    assert qpdf_complaints(stamped) == ""


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_and_signed_is_left_alone(damage: Damage) -> None:
    damaged = damage(SIGNED.read_bytes())

    assert why_refused(repair, damaged).reason is Reason.REPAIR_BREAKS_SIGNATURES


def test_a_signature_within_an_object_stream_is_seen_too(sheet: Callable[..., bytes]) -> None:
    def sign(pdf: pikepdf.Pdf) -> None:
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]))
        pdf.Root.Hidden = pdf.make_indirect(signature)

    packed = sheet(edit=sign, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"ByteRange" not in packed

    assert why_refused(repair, b"\n" + packed).reason is Reason.REPAIR_BREAKS_SIGNATURES


def test_the_same_damage_is_repaired_to_the_same_bytes(letter: bytes) -> None:
    damaged = DAMAGES[0](letter)

    assert repair(damaged) == repair(damaged)


def test_what_would_look_otherwise_is_refused(letter: bytes) -> None:
    damaged = bytes_before(two_faced(letter))
    assert may_be_repaired(why_refused(inspect, damaged))

    assert why_refused(repair, damaged).reason is Reason.REPAIR_CHANGED_LOOK


def test_what_was_cut_off_stays_refused(letter: bytes) -> None:
    for share in (0.3, 0.6, 0.9, 0.999):
        assert why_refused(repair, letter[: int(len(letter) * share)]).reason is Reason.TRUNCATED


def test_no_repair_takes_a_lock_off(sheet: Callable[..., bytes]) -> None:
    locked = sheet(encryption=pikepdf.Encryption(owner="o", user="", R=6))

    assert why_refused(repair, b"\n" + locked).reason is Reason.DAMAGED


def test_what_repair_brings_to_light_is_inspected(sheet: Callable[..., bytes]) -> None:
    def form(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(), XFA=pikepdf.Array())

    assert why_refused(repair, b"\n" + sheet(edit=form)).reason is Reason.XFA


def test_hostile_bytes_only_refuse(letter: bytes) -> None:
    for document in (b"", b"%%EOF", b"%PDF-1.7\n%%EOF", b"\xff" * 5000 + b"%%EOF", letter[:200] + b"%%EOF"):
        assert why_refused(repair, document).reason in {Reason.DAMAGED, Reason.TRUNCATED}


def test_the_look_tells_pages_and_pixels(letter: bytes, sheet: Callable[..., bytes]) -> None:
    assert looks_the_same(letter, letter)
    assert not looks_the_same(letter, sheet())
    assert not looks_the_same(sheet(pages=2), sheet(pages=1))
    assert not looks_the_same(letter, b"no document")
    assert (pages_seen(letter), pages_seen(b"no document")) == (1, None)


SAME = """
import sys
from bubuh.pdf.intake.look import looks_the_same
document = sys.stdin.buffer.read()
sys.exit(0 if looks_the_same(document, document) else "changed")
"""


def test_a_font_that_is_not_there_changes_no_look(sheet: Callable[..., bytes]) -> None:
    """In the first document of a process PDFium draws another substitute than in the second."""

    def write(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[0]
        absent = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Tahoma)
        page.obj.Resources = Dictionary(Font=Dictionary(F6=absent))
        page.obj.Contents = pdf.make_stream(b"BT 70 50 TD /F6 12 Tf (Hello world!) Tj ET")

    command = [sys.executable, "-c", SAME]
    done = subprocess.run(command, input=sheet(edit=write), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
