"""What may act, hide, grow or be something else is refused or flagged; its harmless sibling passes."""
# mypy: allow-untyped-calls

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from bubuh.edge.reasons import DOCUMENT_REASONS, FLAGS
from bubuh.pdf.intake import budget
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.refusals import DocumentRefused, Reason
from tests.pdf.conftest import NOW, OTHER_SERIAL, Desk
from tests.pdf.strangers import signed_by_stranger
from tests.pdf.test_refusals import Sheet, retitled

Edit = Callable[[pikepdf.Pdf], None]
Entries = dict[str, Any]

JS: Entries = {"S": Name.JavaScript, "JS": String("app.alert(1)")}
LAUNCH: Entries = {"S": Name.Launch, "F": String("calc.exe")}
URI: Entries = {"S": Name.URI, "URI": String("https://example.id/")}
SUBMIT: Entries = {"S": Name.SubmitForm, "F": String("https://example.id/")}
IMPORT: Entries = {"S": Name.ImportData, "F": String("isi.fdf")}
EMBEDDED: Entries = {"S": Name.GoToE, "D": Array([0, Name.Fit])}
GO: Entries = {"S": Name.GoTo, "D": Array([0, Name.Fit])}
PRINT: Entries = {"S": Name.Named, "N": Name.Print}


def refusal(document: bytes) -> Reason:
    with pytest.raises(DocumentRefused) as refused:
        inspect(document)
    return refused.value.reason


def opens_with(action: Entries) -> Edit:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(**action)

    return edit


def on_page_opening(action: Entries) -> Edit:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.AA = Dictionary(O=pdf.make_indirect(Dictionary(**action)))

    return edit


def on_closing(action: Entries) -> Edit:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AA = Dictionary(WC=Dictionary(**action))

    return edit


def on_showing(action: Entries) -> Edit:
    return lambda pdf: annotate(pdf, Subtype=Name.Screen, AA=Dictionary(PV=Dictionary(**action)))


def after_a_move(action: Entries) -> Edit:
    return opens_with({**GO, "Next": Array([Dictionary(**GO), Dictionary(**action)])})


def clicked(action: Entries) -> Edit:
    return lambda pdf: annotate(pdf, Subtype=Name.Link, A=Dictionary(**action))


def entered(action: Entries) -> Edit:
    return lambda pdf: annotate(pdf, Subtype=Name.Link, AA=Dictionary(E=Dictionary(**action)))


def of_a_field(action: Entries) -> Edit:
    """As office programs write fields that check dates: keystroke, format, and calculation."""

    def edit(pdf: pikepdf.Pdf) -> None:
        triggers = Dictionary(K=Dictionary(**action), F=Dictionary(**action), C=Dictionary(**action))
        field(pdf, FT=Name.Tx, AA=triggers)

    return edit


def annotate(pdf: pikepdf.Pdf, **entries: Any) -> None:
    annotation = Dictionary(Type=Name.Annot, Rect=[0, 0, 9, 9], **entries)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(annotation)])


def field(pdf: pikepdf.Pdf, **entries: Any) -> None:
    made = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=[0, 0, 9, 9], T=String("isi"), **entries)
    reference = pdf.make_indirect(made)
    pdf.pages[0].obj.Annots = Array([reference])
    pdf.Root.AcroForm = Dictionary(Fields=Array([reference]))


UNASKED = [opens_with, on_page_opening, on_closing, on_showing, after_a_move]
BY_HAND = [clicked, entered]


@pytest.mark.parametrize("trigger", UNASKED)
@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        (JS, Reason.JAVASCRIPT),
        (LAUNCH, Reason.LAUNCH),
        (URI, Reason.ACTS_ALONE),
        (SUBMIT, Reason.ACTS_ALONE),
        (IMPORT, Reason.ACTS_ALONE),
        (EMBEDDED, Reason.ACTS_ALONE),
        ({"S": Name.Hide, "T": String("isi")}, Reason.ACTS_ALONE),
        ({"S": Name.Rendition}, Reason.ACTS_ALONE),
        ({"S": Name("/NotYetInvented")}, Reason.ACTS_ALONE),
    ],
)
def test_what_acts_unasked_is_refused(
    sheet: Sheet, trigger: Callable[..., Edit], action: Entries, wanted: Reason
) -> None:
    assert refusal(sheet(edit=trigger(action))) is wanted


@pytest.mark.parametrize("trigger", UNASKED)
@pytest.mark.parametrize("action", [GO, PRINT])
def test_to_move_within_the_document_is_no_act(
    sheet: Sheet, trigger: Callable[..., Edit], action: Entries
) -> None:
    assert set(inspect(sheet(edit=trigger(action))).flags) <= {Flag.MEDIA}


def test_a_place_to_open_at_is_no_act(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.Fit])

    assert inspect(sheet(edit=edit)).flags == ()


@pytest.mark.parametrize("trigger", BY_HAND)
@pytest.mark.parametrize(
    ("action", "flag"),
    [
        (JS, Flag.SCRIPT),
        (URI, Flag.LINK),
        (EMBEDDED, Flag.LINK),
        (SUBMIT, Flag.FORM_SENDS),
        (IMPORT, Flag.FORM_SENDS),
        ({"S": Name.Rendition}, Flag.MEDIA),
        ({"S": Name.SetOCGState, "State": Array([])}, Flag.LAYERS),
    ],
)
def test_what_waits_for_a_hand_is_flagged(
    sheet: Sheet, trigger: Callable[..., Edit], action: Entries, flag: Flag
) -> None:
    assert inspect(sheet(edit=trigger(action))).flags == (flag,)


def test_scripts_of_a_field_are_flagged(sheet: Sheet) -> None:
    assert inspect(sheet(edit=of_a_field(JS))).flags == (Flag.SCRIPT, Flag.FILLABLE)


@pytest.mark.parametrize("trigger", [clicked, of_a_field, opens_with])
def test_to_start_a_program_is_refused_by_hand_too(sheet: Sheet, trigger: Callable[..., Edit]) -> None:
    assert refusal(sheet(edit=trigger(LAUNCH))) is Reason.LAUNCH


def test_a_script_of_the_document_itself_is_refused(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        script = pdf.make_indirect(Dictionary(**JS))
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), script])))

    assert refusal(sheet(edit=edit)) is Reason.JAVASCRIPT
    assert (
        inspect(
            sheet(
                edit=lambda pdf: setattr(
                    pdf.Root, "Names", Dictionary(JavaScript=Dictionary(Names=Array([])))
                )
            )
        ).flags
        == ()
    )


def test_a_name_spelled_in_another_way_is_the_same(sheet: Sheet) -> None:
    document = sheet(edit=opens_with(JS)).replace(b"/JavaScript", b"/Java#53cript")
    assert b"/JavaScript" not in document
    # two bytes more: the table that followed lies elsewhere now
    moved = int(document.rpartition(b"startxref\n")[2].split()[0])
    fixed = document.replace(b"startxref\n%d" % moved, b"startxref\n%d" % document.index(b"\nxref\n"))
    with pytest.raises(DocumentRefused):
        inspect(fixed)


def test_an_endless_chain_of_actions_is_refused(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        first = pdf.make_indirect(Dictionary(**GO))
        first.Next = first
        pdf.Root.OpenAction = first

    assert refusal(sheet(edit=edit)) is Reason.TOO_DEEP


def attached(name: str, data: bytes, **filespec: Any) -> Edit:
    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, data, filename=name)  # type: ignore[call-arg]
        for key, value in filespec.items():
            pdf.attachments[name].obj[f"/{key}"] = value

    return edit


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tagihan.exe", b"not even one"),
        ("tagihan.pdf.JS", b""),
        ("makro.docm", b"PK\3\4"),
        ("tagihan.lnk. ", b""),
        ("tagihan.pdf", b"MZ\x90\0"),
        ("tagihan", b"\x7fELF\2\1"),
        ("tagihan.txt", b"#!/bin/sh\n"),
        ("tagihan.docx", b"\xca\xfe\xba\xbe"),
    ],
)
def test_a_program_within_is_refused(sheet: Sheet, name: str, data: bytes) -> None:
    assert refusal(sheet(edit=attached(name, data))) is Reason.EMBEDDED_PROGRAM
    packed = sheet(edit=attached(name, data), compress_streams=True, recompress_flate=True)
    assert refusal(packed) is Reason.EMBEDDED_PROGRAM


def test_a_program_nobody_refers_to_is_refused(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        program = pdf.make_stream(b"MZ\x90\0", Type=Name.EmbeddedFile)
        pdf.Root.PieceInfo = Dictionary(Bubuh=program)

    assert refusal(sheet(edit=edit)) is Reason.EMBEDDED_PROGRAM


@pytest.mark.parametrize(
    ("name", "data"), [("daftar.xlsx", b"PK\3\4"), ("faktur.xml", b"<?xml?>"), ("foto.jpg", b"\xff\xd8")]
)
def test_an_attachment_that_is_no_program_is_flagged(sheet: Sheet, name: str, data: bytes) -> None:
    assert inspect(sheet(edit=attached(name, data))).flags == (Flag.ATTACHMENT,)


@pytest.mark.parametrize("kind", ["Movie", "Sound", "Screen", "RichMedia", "3D"])
def test_media_are_flagged(sheet: Sheet, kind: str) -> None:
    document = sheet(edit=lambda pdf: annotate(pdf, Subtype=Name("/" + kind)))
    assert inspect(document).flags == (Flag.MEDIA,)


def test_a_note_is_not(sheet: Sheet) -> None:
    assert (
        inspect(
            sheet(edit=lambda pdf: annotate(pdf, Subtype=Name.Text, Contents=String("/JavaScript ")))
        ).flags
        == ()
    )


@pytest.mark.parametrize("shown", [{"OFF": 1}, {"BaseState": Name.OFF}, {"AS": 1}])
def test_layers_that_are_not_all_shown_are_flagged(sheet: Sheet, shown: Entries) -> None:
    def layered(**told: Any) -> bytes:
        def edit(pdf: pikepdf.Pdf) -> None:
            group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("lapis")))
            told_of = {key: Array([group]) if value == 1 else value for key, value in told.items()}
            pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(**told_of))  # type: ignore[arg-type]

        return sheet(edit=edit)

    assert inspect(layered(**shown)).flags == (Flag.LAYERS,)
    assert inspect(layered(ON=1)).flags == ()


def test_content_of_another_file_is_refused(sheet: Sheet) -> None:
    def form(**entries: Any) -> Edit:
        def edit(pdf: pikepdf.Pdf) -> None:
            drawn = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9])
            for key, value in entries.items():
                drawn[f"/{key}"] = value
            pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(F=drawn))

        return edit

    assert refusal(sheet(edit=form(F=String("lain.bin")))) is Reason.EXTERNAL_CONTENT
    assert refusal(sheet(edit=form(F=Dictionary(F=String("lain.bin"))))) is Reason.EXTERNAL_CONTENT
    assert refusal(sheet(edit=form(Ref=Dictionary(F=String("lain.pdf"), Page=0)))) is Reason.EXTERNAL_CONTENT
    assert inspect(sheet(edit=form())).flags == ()


@functools.cache
def packed_of(size_bytes: int, times: int = 1) -> bytes:
    if times > 1:
        return zlib.compress(packed_of(size_bytes, times - 1), 9)
    packer, zeros = zlib.compressobj(9), bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(size_bytes >> 20)) + packer.flush()


def carrying(raw: bytes, filters: list[object], **entries: Any) -> Edit:
    def edit(pdf: pikepdf.Pdf) -> None:
        stream = pdf.make_stream(b"", **entries)
        stream.write(raw, filter=Array(filters))
        pdf.Root.PieceInfo = Dictionary(Bubuh=stream)

    return edit


def test_what_unpacks_without_measure_is_refused(sheet: Sheet) -> None:
    flate = Name.FlateDecode
    keep = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
    bomb = sheet(edit=carrying(packed_of(257 << 20), [flate]), **keep)
    assert len(bomb) < 400_000
    assert refusal(bomb) is Reason.INFLATES
    nested = sheet(edit=carrying(packed_of(257 << 20, 2), [flate, flate]), **keep)
    assert len(nested) < 10_000
    assert refusal(nested) is Reason.INFLATES
    assert inspect(sheet(edit=carrying(packed_of(200 << 20), [flate]), **keep)).flags == ()
    assert inspect(sheet(edit=carrying(packed_of(20 << 20, 3), [flate] * 3), **keep)).flags == ()
    assert refusal(sheet(edit=carrying(packed_of(1 << 20, 4), [flate] * 4), **keep)) is Reason.INFLATES


def test_small_streams_add_up(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_INFLATED", 3 << 20)
    keep = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}

    def many(pdf: pikepdf.Pdf) -> None:
        for number in range(4):
            carrying(packed_of(1 << 20), [Name.FlateDecode])(pdf)
            pdf.Root[f"/X{number}"] = pdf.Root.PieceInfo

    assert refusal(sheet(edit=many, **keep)) is Reason.INFLATES
    assert inspect(sheet(edit=carrying(packed_of(1 << 20), [Name.FlateDecode]), **keep)).flags == ()


@pytest.mark.parametrize(
    ("wide", "high", "refused"), [(30_000, 30_000, True), (10_000, 10_000, False), (Decimal("3.5"), 3, False)]
)
def test_a_picture_of_too_many_points_is_refused(
    sheet: Sheet, wide: object, high: object, *, refused: bool
) -> None:
    document = sheet(edit=carrying(b"", [Name.DCTDecode], Subtype=Name.Image, Width=wide, Height=high))
    if refused:
        assert refusal(document) is Reason.INFLATES
    else:
        assert inspect(document).flags == ()


def archive(inside: bytes = b"isi", comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("isi.txt", inside)
        made.comment = comment
    return out.getvalue()


@pytest.mark.parametrize(
    "kind",
    [
        archive(),
        b"<!DOCTYPE html><p>",
        b"<script>alert(1)</script>",
        b"MZ\x90\0",
        b"\x7fELF\2",
        b"\xff\xd8\xff\xe0",
        b"#!/bin/sh\n",
        b"<?php ",
    ],
)
def test_a_file_of_another_kind_before_is_told_from_stray_bytes(letter: bytes, kind: bytes) -> None:
    assert refusal(kind + letter) is Reason.POLYGLOT
    assert refusal(b"halo\n" + letter) is Reason.LEADING_BYTES


def test_an_archive_behind_is_told_from_what_a_server_said_last(letter: bytes) -> None:
    assert refusal(letter + archive()) is Reason.POLYGLOT
    assert refusal(letter + b"Rar!\x1a\x07\0") is Reason.POLYGLOT
    assert refusal(letter + b"<html>lost connection</html>") is Reason.TRAILING_BYTES


def test_a_file_of_another_kind_within_is_refused(letter: bytes) -> None:
    head, body = letter.split(b"\n", 1)
    assert refusal(head + b"\n%<script>alert(1)</script>\n" + body) is Reason.POLYGLOT
    at_257 = head + b"\n%" + b" " * (256 - len(head) - 1) + b"ustar\n" + body
    assert at_257[257:262] == b"ustar"
    assert refusal(at_257) is Reason.POLYGLOT
    end = archive()[-22:-2]
    before = letter.rstrip().removesuffix(b"%%EOF")
    assert refusal(before + b"%" + end + struct.pack("<H", 6) + b"\n%%EOF") in {
        Reason.POLYGLOT,
        Reason.TRUNCATED,
    }


def test_an_archive_that_is_the_whole_file_is_refused(sheet: Sheet) -> None:
    """Its end record stands in a stream, its comment reaches over the rest of the file."""
    mark = b"#" * 22
    document = sheet(edit=carrying(mark, []), compress_streams=False)
    at = document.index(mark)
    record = archive()[-22:-2] + struct.pack("<H", len(document) - at - 22)
    made = document.replace(mark, record)
    assert zipfile.is_zipfile(io.BytesIO(made))
    assert refusal(made) is Reason.POLYGLOT


def test_an_archive_that_is_an_attachment_is_none(sheet: Sheet) -> None:
    stored = sheet(edit=attached("daftar.docx", archive()), compress_streams=False)
    assert b"PK\x05\x06" in stored
    assert inspect(stored).flags == (Flag.ATTACHMENT,)


def test_a_second_catalog_is_refused(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        other = pdf.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, 9, 9]))
        tree = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array([other]), Count=1))
        pdf.Root.PieceInfo = Dictionary(Bubuh=pdf.make_indirect(Dictionary(Type=Name.Catalog, Pages=tree)))

    assert refusal(sheet(edit=edit)) is Reason.HIDDEN_CONTENT


def with_unseen_page(pdf: pikepdf.Pdf) -> None:
    unseen = pdf.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, 9, 9]))
    pdf.Root.PieceInfo = Dictionary(Bubuh=unseen)


def test_a_page_that_nobody_sees_is_flagged_and_refused_once_somebody_else_signed(
    sheet: Sheet, desk: Desk
) -> None:
    document = sheet(edit=with_unseen_page)
    assert inspect(document).flags == (Flag.UNUSED_PAGES,)
    once = desk.affix(document)
    assert inspect(once).flags == (Flag.UNUSED_PAGES,)
    assert desk.judge(desk.affix(once, OTHER_SERIAL, y_pt=300)).is_genuine
    assert refusal(signed_by_stranger(document)) is Reason.HIDDEN_CONTENT
    assert inspect(signed_by_stranger(sheet())).flags == ()


def test_a_node_without_pages_hides_none(sheet: Sheet) -> None:
    def edit(pdf: pikepdf.Pdf) -> None:
        empty = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array(), Count=0))
        pdf.Root.PieceInfo = Dictionary(Bubuh=empty)

    assert inspect(sheet(edit=edit)).flags == ()


def with_loose_widget(pdf: pikepdf.Pdf) -> None:
    field = Dictionary(Subtype=Name.Widget, FT=Name.Tx, T=String("nama"), Rect=[0, 0, 9, 9])
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(field)])


def test_fields_without_a_form_are_refused(sheet: Sheet) -> None:
    """Some readers do not draw them, and would once the stamp brings a form."""

    def with_form(pdf: pikepdf.Pdf) -> None:
        with_loose_widget(pdf)
        pdf.Root.AcroForm = Dictionary(Fields=Array())

    assert refusal(sheet(edit=with_loose_widget)) is Reason.AMBIGUOUS
    assert inspect(sheet(edit=with_form)).pages == 1


def test_a_field_reached_in_two_ways_is_damage(sheet: Sheet) -> None:
    """Thirty nodes, each twice the kid of the one above it, and a reader walks a thousand million."""

    def edit(pdf: pikepdf.Pdf) -> None:
        node = pdf.make_indirect(Dictionary(FT=Name.Tx))
        for _ in range(30):
            node = pdf.make_indirect(Dictionary(Kids=Array([node, node])))
        pdf.Root.AcroForm = Dictionary(Fields=Array([node]))

    assert refusal(sheet(edit=edit)) is Reason.DAMAGED


HIDDEN = b"77 0 obj\n<< /Type /Page >>\nendobj\n"


def test_an_object_that_no_table_lists_is_refused(sheet: Sheet) -> None:
    document = sheet()
    before, foot = document.split(b"startxref")
    assert refusal(before + HIDDEN + b"startxref" + foot) is Reason.HIDDEN_CONTENT
    assert refusal(before + b"1  0\robj\n<< >>\nendobj\nstartxref" + foot) is Reason.HIDDEN_CONTENT
    assert inspect(before + b"startxref" + foot).flags == ()


@pytest.mark.parametrize("data", [b"x" + HIDDEN, HIDDEN + b"endstream\nendobj\n" + HIDDEN])
def test_what_lies_within_a_stream_is_no_object(sheet: Sheet, data: bytes) -> None:
    stored = sheet(edit=attached("lain.pdf", data), compress_streams=False)
    assert HIDDEN in stored
    assert inspect(stored).flags == (Flag.ATTACHMENT,)


def test_an_object_of_an_earlier_revision_is_listed(sheet: Sheet, letter: bytes) -> None:
    assert inspect(retitled(sheet())).flags == (Flag.EARLIER_VERSIONS,)
    assert inspect(sheet(linearize=True)).flags == ()
    assert inspect(letter).flags == ()


def test_a_stamp_is_no_earlier_version(desk: Desk, sheet: Sheet) -> None:
    once = desk.affix(sheet())
    assert inspect(desk.affix(once, OTHER_SERIAL, y_pt=300)).flags == ()
    assert Flag.EARLIER_VERSIONS in inspect(desk.affix(retitled(sheet()))).flags


@pytest.mark.parametrize(
    ("entries", "fillable"),
    [
        ({"FT": Name.Tx}, True),
        ({"FT": Name.Tx, "Ff": 1}, False),
        ({"FT": Name.Btn, "Ff": 1 << 16}, False),
        ({"FT": Name.Btn}, True),
        ({"FT": Name.Sig}, True),
    ],
)
def test_a_form_that_can_still_be_filled_in_is_flagged(
    sheet: Sheet, entries: Entries, *, fillable: bool
) -> None:
    flags = inspect(sheet(edit=lambda pdf: field(pdf, **entries))).flags
    assert (Flag.FILLABLE in flags) == fillable


@pytest.mark.parametrize("permission", [2, 3])
def test_a_certification_that_allows_signing_allows_a_stamp(
    sheet: Sheet, desk: Desk, permission: int
) -> None:
    document = certified_by_stranger(sheet(), permission)
    assert inspect(document).flags == (Flag.CERTIFIED,)
    stamped = desk.affix(document)
    assert desk.judge(stamped).is_genuine, desk.judge(stamped)
    assert inspect(stamped).flags == (Flag.CERTIFIED,)
    twice = desk.affix(stamped, OTHER_SERIAL, y_pt=300)
    assert desk.judge(twice).is_genuine, desk.judge(twice)


def test_a_certification_that_allows_nothing_allows_no_stamp(sheet: Sheet) -> None:
    assert refusal(certified_by_stranger(sheet(), 1)) is Reason.CERTIFIED


def certified_by_stranger(document: bytes, permission: int) -> bytes:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives import serialization
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import MDPPerm
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    from bubuh.pdf.seal.pki import development_pki

    other = development_pki(NOW)
    key = serialization.load_pem_private_key(other.seal_key, None).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(other.seal_certificate),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore(),
    )
    terms = signers.PdfSignatureMetadata(
        field_name="Pengesahan", certify=True, docmdp_permissions=MDPPerm(permission)
    )
    out = signers.PdfSigner(terms, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(document)))
    return bytes(out.getbuffer())


def test_every_reason_and_flag_has_words_in_two_languages() -> None:
    assert set(DOCUMENT_REASONS) == set(Reason)
    assert set(FLAGS) == set(Flag)
    said = [words for table in (DOCUMENT_REASONS, FLAGS) for words in table.values()]
    assert all(words.id.endswith(".") and words.en.endswith(".") and words.id != words.en for words in said)
