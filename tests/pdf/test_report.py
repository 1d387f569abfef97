"""What a verdict tells beside yes and no: what came after, what only looks like a stamp."""
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest

from bubuh.pdf.model import Added, Indication, Retired
from bubuh.pdf.plan import plan
from bubuh.pdf.seal.standing import imitates
from tests.pdf.conftest import DATA, NOW, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.forgeries import (
    javascript,
    new_page,
    objects_with_a_foot,
    other_content,
    other_title,
    overlay_annotation,
    overwritten_content,
    updated,
)
from tests.pdf.strangers import signed_by_stranger, with_document_time_stamp, with_dss

Sheet = Callable[..., bytes]

CHANGES = {
    Added.PAGE_CONTENT: other_content,
    Added.ANNOTATION: overlay_annotation,
    Added.METADATA: other_title,
    Added.PAGES: new_page,
    Added.ACTIONS: javascript,
    Added.BYTES: objects_with_a_foot,
    Added.SIGNATURE: signed_by_stranger,
    Added.TIME_STAMP: lambda document: with_document_time_stamp(document)[0],
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_came_after_the_stamp_is_told(kind: Added, desk: Desk, letter: bytes) -> None:
    stamped = desk.affix(letter)
    assert desk.judge(stamped).stamps[0].added == ()
    (stamp,) = desk.judge(CHANGES[kind](stamped)).stamps
    assert kind in stamp.added, stamp.added


def test_a_drawing_written_again_is_told_as_page_content(desk: Desk, letter: bytes) -> None:
    (stamp,) = desk.judge(overwritten_content(desk.affix(letter))).stamps
    assert Added.PAGE_CONTENT in stamp.added


def test_a_filled_form_is_told(desk: Desk) -> None:
    from pyhanko.pdf_utils.generic import TextStringObject, pdf_name

    def fill(writer) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = TextStringObject("Orang Lain")
        writer.update_container(field)

    stamped = desk.affix((DATA / "perjanjian-sewa-formulir.pdf").read_bytes())
    (stamp,) = desk.judge(updated(stamped, fill)).stamps
    assert Added.FORM_FILLING in stamp.added


def test_each_stamp_is_told_what_came_after_it(desk: Desk, letter: bytes) -> None:
    both = desk.affix(desk.affix(letter), OTHER_SERIAL, x_pt=200)
    said = desk.judge(with_dss(both, desk.pki.root_certificate))
    assert said.is_genuine
    assert [stamp.added for stamp in said.stamps] == [
        (Added.STAMP, Added.VALIDATION_DATA),
        (Added.VALIDATION_DATA,),
    ]


def test_a_stamp_that_was_placed_and_never_sealed_says_so(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    said = desk.judge(letter + increment.sealed(b""))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("never_sealed",))
    assert said.unsealed == (SERIAL,)


def test_so_does_a_field_without_a_signature(desk: Desk, sheet: Sheet) -> None:
    def place(pdf: pikepdf.Pdf) -> None:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("Stamp_" + SERIAL))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])

    said = desk.judge(sheet(edit=place))
    assert (said.reasons, said.unsealed) == (("never_sealed",), (SERIAL,))


def test_a_face_without_a_seal_is_told_with_its_number(desk: Desk, letter: bytes) -> None:
    """Saved again by a program that flattens forms: the picture stays, packed anew."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(desk.affix(letter))) as pdf:
        face = pdf.Root.AcroForm.Fields[0].AP.N
        name = pdf.pages[0].add_resource(face, pikepdf.Name.XObject)
        pdf.pages[0].contents_add(b"q 1 0 0 1 40 700 cm %s Do Q" % bytes(name))
        del pdf.Root.AcroForm
        del pdf.pages[0].Annots
        pdf.save(out, recompress_flate=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    said = desk.judge(out.getvalue())
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("face_without_seal",))
    assert said.unsealed == (SERIAL,)


def test_an_address_of_ours_as_text_is_a_trace_too(desk: Desk, sheet: Sheet) -> None:
    def write(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].contents_add(b"BT (https://bubuh.example.id/s/%s) Tj ET" % SERIAL.encode())

    assert desk.judge(sheet(edit=write)).unsealed == (SERIAL,)
    assert desk.judge(sheet()).reasons == ("no_stamp",)


def test_a_name_of_ours_over_another_key_is_an_imitation(desk: Desk, stranger: Desk) -> None:
    theirs = (stranger.pki.seal_certificate, stranger.pki.issuing_certificate)
    ours = (desk.pki.seal_certificate, desk.pki.issuing_certificate)
    assert imitates(theirs, desk.trust.roots)
    assert not imitates(ours, desk.trust.roots)
    assert not imitates((b"junk",), desk.trust.roots)


@pytest.mark.parametrize("name", ["surat-lamaran.pdf", "perjanjian-sewa-formulir.pdf"])
def test_a_retired_key_seals_no_more_and_what_it_sealed_stays(name: str, desk: Desk) -> None:
    stamped = desk.affix((DATA / name).read_bytes())
    certificate = hashlib.sha256(desk.chain.seal_certificate).digest()

    def retired(after: timedelta) -> tuple[Retired, ...]:
        return (Retired(certificate, NOW + after),)

    assert desk.judge(stamped, retired=retired(timedelta(seconds=1))).is_genuine
    said = desk.judge(stamped, retired=retired(timedelta(0)))
    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("key_retired",))
    assert desk.judge(
        stamped, retired=(replace(retired(timedelta(0))[0], certificate_sha256=b""),)
    ).is_genuine
