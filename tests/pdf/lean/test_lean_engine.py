"""The lean engine's stamps are those of the service: genuine to every judge, or left to another engine."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from dataclasses import replace

import pikepdf
import pytest
from hypothesis import given, settings, strategies as st

from bubuh.pdf.face.drawing import GROUND, drawing
from bubuh.pdf.face.letters import GLYPHS
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.drawn import face_stream
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.ground import ADLER, DEFLATED
from bubuh.pdf.model import Trust
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import sign
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, URL, Desk
from tests.pdf.test_refusals import certified

Sheet = Callable[..., bytes]
Words = Callable[[bytes, Trust], dict[str, bool]]
MOST_BESIDE_THE_ROOM_BYTES = 4800  #: and the usual room of 1,600 bytes, in hex: 8,000


def affixed(document: bytes, desk: Desk, serial_no: str = SERIAL, *, page: int = 1, **place: float) -> bytes:
    """Stamped by the lean engine or not at all."""
    intent = desk.intent(serial_no, page=page, **place)
    increment = plan_lean(document, intent, desk.chain)
    rehearse(document, increment, intent)
    signature = sign(desk.key, cms.signed_attributes(increment.digest, desk.chain))
    return document + increment.sealed(cms.signed_data(increment.digest, signature, desk.chain))


def why(document: bytes, desk: Desk, *, page: int = 1, **place: float) -> Why:
    with pytest.raises(Declined) as declined:
        plan_lean(document, desk.intent(SERIAL, page=page, **place), desk.chain)
    return declined.value.why


@pytest.mark.oracle
def test_every_judge_calls_two_lean_stamps_genuine(
    desk: Desk,
    sample: bytes,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Words,
) -> None:
    facts = inspect(sample)
    once = affixed(sample, desk, page=facts.pages)
    twice = affixed(once, desk, OTHER_SERIAL, x_pt=140)
    assert twice.startswith(once)
    assert desk.judge(once).is_genuine
    assert desk.judge(twice).is_genuine
    assert qpdf_complaints(once) == qpdf_complaints(twice) == ""
    said = pyhanko_words(twice, desk.trust)
    assert said[f"Stamp_{SERIAL}"] is said[f"Stamp_{OTHER_SERIAL}"] is True
    assert pdfsig_words(twice) == ["Signature is Valid."] * (facts.signatures + 2)


def test_what_was_there_is_there_still(desk: Desk, sample: bytes) -> None:
    """Page, catalog and form differ in nothing but the new widget."""
    stamped = affixed(sample, desk)
    with pikepdf.open(io.BytesIO(sample)) as old, pikepdf.open(io.BytesIO(stamped)) as new:
        assert _entries(old.Root, "/AcroForm") == _entries(new.Root, "/AcroForm")
        assert _entries(old.pages[0].obj, "/Annots") == _entries(new.pages[0].obj, "/Annots")
        assert len(new.pages[0].Annots) == len(old.pages[0].get("/Annots", [])) + 1
        assert old.trailer.get("/Info", None) is None or old.trailer.Info.objgen == new.trailer.Info.objgen
        assert bytes(new.trailer.ID[1]) == bytes(range(16))
        if "/ID" in old.trailer:
            assert bytes(new.trailer.ID[0]) == bytes(old.trailer.ID[0])
    assert stamped.rpartition(b"/Size ")[2].split()[0] == b"%d" % _size(stamped)


@pytest.mark.parametrize("mode", [pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable])
def test_a_section_is_of_the_kind_of_the_newest(
    desk: Desk, sheet: Sheet, mode: pikepdf.ObjectStreamMode
) -> None:
    document = sheet(pages=12, object_stream_mode=mode)
    added = affixed(document, desk, page=11)[len(document) :]
    assert (b"/Type /XRef" in added) is (mode is pikepdf.ObjectStreamMode.generate)
    assert (b"\nxref\n" in added) is (mode is pikepdf.ObjectStreamMode.disable)


def test_arrays_behind_references_are_written_alone(desk: Desk, sheet: Sheet) -> None:
    def indirect(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(pikepdf.Dictionary())]))
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("nama"))
        fields = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(field)]))
        pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=fields, SigFlags=3))

    document = sheet(edit=indirect, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    added = affixed(document, desk)[len(document) :]
    assert b"/Catalog" not in added
    assert b"/MediaBox" not in added
    assert desk.judge(affixed(affixed(document, desk), desk, OTHER_SERIAL, x_pt=200)).is_genuine


@pytest.mark.parametrize("flags", [None, 0, 1, 2])
def test_a_form_within_the_catalog_is_spliced_there(desk: Desk, sheet: Sheet, flags: int | None) -> None:
    def form(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], DA=pikepdf.String("/Helv 0 Tf"))
        if flags is not None:
            pdf.Root.AcroForm.SigFlags = flags

    with pikepdf.open(io.BytesIO(affixed(sheet(edit=form), desk))) as pdf:
        assert pdf.Root.AcroForm.SigFlags == 3
        assert str(pdf.Root.AcroForm.DA) == "/Helv 0 Tf"
        assert len(pdf.Root.AcroForm.Fields) == 1


def test_an_id_is_made_where_there_is_none(desk: Desk, sheet: Sheet) -> None:
    document = re.sub(rb"/ID ?\[[^\]]*\]", lambda match: b" " * len(match[0]), sheet())
    assert b"/ID" not in document
    with pikepdf.open(io.BytesIO(affixed(document, desk))) as pdf:
        assert len(bytes(pdf.trailer.ID[0])) == 16


def test_what_the_newest_trailer_is_silent_about_is_said_again(desk: Desk, letter: bytes) -> None:
    """Some readers look for /Info in older trailers, some do not: a second stamp must leave both the same."""
    told = [
        re.findall(word, letter)[-1] for word in (rb"/Size (\d+)", rb"/Root (\d+ 0 R)", rb"startxref\s+(\d+)")
    ]
    assert re.search(rb"/Info \d+ 0 R", letter)
    silent = letter + b"xref\n0 0\ntrailer\n<< /Size %s /Root %s /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        *told,
        len(letter),
    )

    once = affixed(silent, desk)
    twice = affixed(once, desk, OTHER_SERIAL, x_pt=200.0)

    assert re.search(rb"/Info \d+ 0 R", once[len(silent) :])
    assert desk.judge(twice).is_genuine


def test_what_the_other_engine_knows_better_is_left_to_it(desk: Desk, sheet: Sheet, letter: bytes) -> None:
    def xfa(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))

    assert why(sheet(edit=xfa), desk) is Why.XFA
    assert why(certified(sheet(), 2), desk) is Why.PERMISSIONS
    assert why(letter, desk, page=2) is Why.PAGES
    assert why(letter, desk, x_pt=9000.0) is Why.PLACE
    assert why(letter, desk, side_pt=5.0) is Why.PLACE
    assert why(affixed(letter, desk), desk, x_pt=200.0) is Why.SERIAL_PRESENT


@pytest.mark.parametrize("written", [pikepdf.String(f"Stamp_{SERIAL}"), None])
def test_a_serial_number_in_use_is_found_however_it_is_written(
    desk: Desk, sheet: Sheet, written: pikepdf.String | None
) -> None:
    def taken(pdf: pikepdf.Pdf) -> None:
        name = written or pikepdf.String(b"\xfe\xff" + f"Stamp_{SERIAL}".encode("utf-16-be"))
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=name)
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])

    assert why(sheet(edit=taken), desk) is Why.SERIAL_PRESENT


def test_memory_and_interruptions_are_not_declined(
    desk: Desk, letter: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one intent would be planned by one engine today and by the other tomorrow."""

    def exhausted(_document: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr("bubuh.pdf.lean.engine.Document", exhausted)
    with pytest.raises(MemoryError):
        plan_lean(letter, desk.intent(), desk.chain)


def test_an_increment_is_small_whatever_its_serial_number(desk: Desk, sample: bytes) -> None:
    longest = max(GLYPHS, key=lambda letter: len(GLYPHS[letter])) * 22
    room_bytes = cms.room_bytes(desk.chain)  # a step more where both certificates' signatures came out long
    assert len(affixed(sample, desk, longest)) - len(sample) - 2 * room_bytes <= MOST_BESIDE_THE_ROOM_BYTES


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048", "rsa3072"])
def test_the_room_is_that_of_the_seal(desk: Desk, letter: bytes, algorithm: str) -> None:
    chain = replace(desk.chain, algorithm=algorithm)  # type: ignore[arg-type]
    assert plan_lean(letter, desk.intent(), chain).room_bytes == cms.room_bytes(chain)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=22, max_size=22))
@settings(max_examples=50)
def test_the_compressed_face_is_the_face(serial_no: str) -> None:
    assert zlib.decompress(face_stream(serial_no, URL + serial_no)) == drawing(serial_no, URL + serial_no)


def test_the_compressed_ground_is_the_ground() -> None:
    """Where the face was changed: zlib.compressobj(9), the ground, flush(Z_SYNC_FLUSH); and its adler32."""
    assert zlib.decompressobj().decompress(DEFLATED) == GROUND
    assert zlib.adler32(GROUND) == ADLER
    assert DEFLATED.endswith(b"\0\0\xff\xff"), "on a byte's border, and not ended"


def _entries(holder: pikepdf.Object, but: str) -> dict[str, str]:
    return {key: repr(holder[key]) for key in holder.keys() if key != but}  # noqa: SIM118 - no mapping


def _size(document: bytes) -> int:
    with pikepdf.open(io.BytesIO(document)) as pdf:
        return int(pdf.trailer.Size)
