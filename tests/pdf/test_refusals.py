"""Every reason for which a document is refused, reached; and nothing else ever comes out of the door."""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pikepdf
import pytest

from bubuh.core.errors import Refusal
from bubuh.pdf import refusals
from bubuh.pdf.general import reader
from bubuh.pdf.intake import inspection as intake
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Intent, Place
from bubuh.pdf.plan import plan
from bubuh.pdf.refusals import DocumentRefused, Reason, SerialMalformed
from bubuh.pdf.rehearse import open_pdf
from tests.pdf.conftest import DATA, NOW, Desk

Sheet = Callable[..., bytes]


def reason(document: bytes) -> Reason:
    with pytest.raises(DocumentRefused) as refused:
        inspect(document)
    assert refused.value.code == "document_refused"
    assert refused.value.details["reason"] == str(refused.value.reason)
    return refused.value.reason


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (b"", Reason.EMPTY),
        (b" \n\0", Reason.EMPTY),
        (b"Bukan PDF sama sekali", Reason.NOT_A_PDF),
        (b"\x89PNG\r\n\x1a\n" + bytes(4000), Reason.NOT_A_PDF),
        (b"%PDF-1.7\n", Reason.TRUNCATED),
        (b"%PDF-1.7\nstartxref\n0\n%%EOF\n", Reason.DAMAGED),
    ],
)
def test_what_is_no_pdf_is_refused_by_its_shape(document: bytes, wanted: Reason) -> None:
    assert reason(document) is wanted


def test_a_document_that_was_cut_off_is_truncated(letter: bytes) -> None:
    assert reason(letter[:-300]) is Reason.TRUNCATED


def test_something_around_the_document_is_refused(letter: bytes) -> None:
    assert reason(b"\n" + letter) is Reason.LEADING_BYTES
    assert reason(letter + b"and so on") is Reason.TRAILING_BYTES


def test_blank_bytes_at_the_end_are_let_pass(letter: bytes, desk: Desk) -> None:
    assert desk.judge(desk.affix(letter + b"\r\n\r\n")).is_genuine
    assert desk.judge(desk.affix(letter.rstrip())).is_genuine


def test_a_broken_table_of_contents_is_damage(letter: bytes) -> None:
    assert reason(letter.replace(b"\nxref\n", b"\nxfer\n")) is Reason.DAMAGED


def test_a_user_password_is_refused(sheet: Sheet) -> None:
    assert reason(sheet(encryption=pikepdf.Encryption(owner="p", user="rahasia", R=6))) is Reason.ENCRYPTED


def test_forms_in_xfa_are_refused(sheet: Sheet) -> None:
    def xfa(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))

    assert reason(sheet(edit=xfa)) is Reason.XFA


@pytest.mark.parametrize("permission", [0, 1, 4])
def test_a_document_certified_against_all_changes_is_refused(sheet: Sheet, permission: int) -> None:
    assert reason(certified(sheet(), permission)) is Reason.CERTIFIED


@pytest.mark.parametrize("level", ["/All", "/Exclude"])
def test_a_signature_that_locks_all_fields_is_refused(sheet: Sheet, level: str) -> None:
    def lock(pdf: pikepdf.Pdf) -> None:
        terms = pikepdf.Dictionary(Action=pikepdf.Name(level), Fields=[])
        reference = pikepdf.Dictionary(TransformMethod=pikepdf.Name.FieldMDP, TransformParams=terms)
        value = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Sig, Reference=[reference]))
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("kunci"), V=value)
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])

    assert reason(sheet(edit=lock)) is Reason.CERTIFIED


def test_a_document_changed_after_a_signature_is_refused() -> None:
    signed = (DATA / "surat-pernyataan-sudah-ditandatangani.pdf").read_bytes()
    assert reason(retitled(signed)) is Reason.SIGNATURE_BROKEN


def test_a_stamped_document_that_was_changed_is_not_stamped_again(desk: Desk, letter: bytes) -> None:
    assert reason(retitled(desk.affix(letter))) is Reason.SIGNATURE_BROKEN


def test_limits_are_kept(sheet: Sheet, letter: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reason(sheet(pages=2001)) is Reason.TOO_MANY_PAGES
    monkeypatch.setattr(reader, "MOST_OBJECTS", 5)
    assert reason(letter) is Reason.TOO_MANY_OBJECTS
    monkeypatch.setattr(reader, "MOST_BYTES", 500)
    assert reason(letter) is Reason.TOO_LARGE


def test_an_endless_chain_of_revisions_is_refused(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_REVISIONS", 3)
    document = sheet()
    for _ in range(3):
        document = retitled(document)
    assert reason(document) is Reason.TOO_MANY_REVISIONS


def test_a_page_tree_too_deep_is_refused(sheet: Sheet, desk: Desk) -> None:
    assert reason(sheet(edit=lambda pdf: deepen(pdf, reader.MOST_DEPTH + 2))) is Reason.TOO_DEEP


def test_pages_each_in_a_node_of_its_own_are_found(sheet: Sheet, desk: Desk) -> None:
    def wrap(pdf: pikepdf.Pdf) -> None:
        kids = pdf.Root.Pages.Kids
        for number in range(len(kids)):
            page, above = kids[number], pdf.Root.Pages
            node = pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[page], Count=1, Parent=above)
            kids[number] = page.Parent = pdf.make_indirect(node)

    stamped = desk.affix(desk.affix(sheet(pages=10, edit=wrap), page=7), "1" * 22, page=9)
    assert [stamp.page for stamp in desk.judge(stamped).stamps] == [7, 9]
    assert desk.judge(stamped).is_genuine


def test_a_deep_page_tree_is_walked(sheet: Sheet, desk: Desk) -> None:
    document = sheet(pages=3, edit=lambda pdf: deepen(pdf, 20))
    assert inspect(document).pages == 3
    stamped = desk.affix(desk.affix(document, page=3), "1" * 22, page=2)
    assert [stamp.page for stamp in desk.judge(stamped).stamps] == [3, 2]
    assert desk.judge(stamped).is_genuine


def deepen(pdf: pikepdf.Pdf, levels: int) -> None:
    for _ in range(levels):
        inner = pdf.Root.Pages
        entries = pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[inner], Count=inner.Count)
        pdf.Root.Pages = inner.Parent = pdf.make_indirect(entries)


def test_a_page_tree_that_bites_its_tail_is_damage(sheet: Sheet) -> None:
    def loop(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Pages.Kids.append(pdf.Root.Pages)

    assert reason(sheet(edit=loop)) is Reason.DAMAGED


def test_a_document_without_pages_is_refused(sheet: Sheet) -> None:
    assert reason(sheet(pages=0)) is Reason.NO_PAGES


def test_two_kinds_of_table_at_once_are_refused(sheet: Sheet) -> None:
    assert reason(hybrid(sheet())) is Reason.HYBRID


def test_two_readers_that_disagree_are_refused(
    letter: bytes, monkeypatch: pytest.MonkeyPatch, sheet: Sheet
) -> None:
    other = sheet(pages=2)
    monkeypatch.setattr(intake, "open_pdf", lambda _document: open_pdf(other))
    assert reason(letter) is Reason.AMBIGUOUS


@pytest.mark.parametrize("packed", ["objects", "object streams"])
@pytest.mark.parametrize("spelled", [b"%d 0 R", b"0%d\n00  R", b"%d%%x\n0%%\rR", b"0%d\t0\0R"])
def test_what_waits_for_the_stamps_objects_is_refused(sheet: Sheet, packed: str, spelled: bytes) -> None:
    """A loose reference would borrow the signature, or the drawing, that the stamp brings."""
    modes = pikepdf.ObjectStreamMode
    mode = modes.disable if packed == "objects" else modes.generate

    def wait(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Waiting = pikepdf.Array([pikepdf.Name("/AAAAAAAAAAAAAAAA")])

    plain = sheet(edit=wait, object_stream_mode=mode, compress_streams=False)
    first = int(plain.rpartition(b"/Size ")[2].split()[0])
    reference = (spelled % first).ljust(len("/AAAAAAAAAAAAAAAA"))
    assert plain.count(b"/AAAAAAAAAAAAAAAA") == 1
    inspect(plain)
    said = reason(plain.replace(b"/AAAAAAAAAAAAAAAA", reference))
    assert said is Reason.AMBIGUOUS or (said is Reason.DAMAGED and b" R" not in reference)


@pytest.mark.parametrize(
    "serial_no", ["", "0BBH7K2M9QX4ZTR1W8S5A", "0bbh7k2m9qx4ztr1w8s5ag", "0BBH7K2M9QX4ZTR1W8S5A)"]
)
def test_a_serial_number_that_is_none_is_refused(serial_no: str) -> None:
    with pytest.raises(SerialMalformed) as refused:
        Intent(
            serial_no=serial_no,
            place=Place(page=1, x_pt=0, y_pt=0, side_pt=60),
            signed_at=NOW,
            file_id=bytes(16),
            qr_payload="",
            key_id="",
        )
    assert refused.value.pointer == "/serial"


def test_every_reason_is_one_of_the_list_and_every_code_is_said_once() -> None:
    classes = [
        item for item in vars(refusals).values() if isinstance(item, type) and issubclass(item, Refusal)
    ]
    codes = [item.code for item in classes if item is not Refusal]
    assert len(codes) == len(set(codes)) == 6
    assert len(Reason) == len({str(item) for item in Reason})


def test_mutants_are_stamped_or_refused_and_never_called_genuine_unstamped(desk: Desk, sample: bytes) -> None:
    """Bytes flipped, cut, doubled: a fact or a refusal, no other exception; and never a genuine stamp."""
    chance = random.Random(sum(sample))
    for _ in range(40):
        mutant = mutated(sample, chance)
        assert outcome(mutant, desk) in {"planned", "document_refused", "outside_page"}
        assert not judge(mutant, desk.trust).is_genuine


def outcome(document: bytes, desk: Desk) -> str:
    try:
        inspect(document)
        plan(document, desk.intent(side_pt=40, x_pt=0, y_pt=0), desk.chain)
    except Refusal as refused:
        return refused.code
    return "planned"


def mutated(document: bytes, chance: random.Random) -> bytes:
    made = bytearray(document)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(made))
        match chance.randrange(4):
            case 0:
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                made[at : at + chance.randrange(1, 30)] = b""
            case 2:
                made[at:at] = made[at : at + chance.randrange(1, 60)]
            case _:
                digits = [
                    place for place in range(at, min(at + 400, len(made))) if chr(made[place]).isdigit()
                ]
                for place in digits[:2]:
                    made[place] = chance.choice(b"0123456789")
    return bytes(made)


def certified(document: bytes, permission: int) -> bytes:
    with pikepdf.open(io.BytesIO(document)) as pdf:
        terms = pikepdf.Dictionary(Type=pikepdf.Name.TransformParams, P=permission, V=pikepdf.Name("/1.2"))
        reference = pikepdf.Dictionary(TransformMethod=pikepdf.Name.DocMDP, TransformParams=terms)
        value = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Sig, Reference=[reference]))
        pdf.Root.Perms = pikepdf.Dictionary(DocMDP=value)
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def hybrid(document: bytes) -> bytes:
    """The document with a /XRefStm that adds nothing."""
    at = len(document)
    row = bytes(11)
    stream = (
        b"90 0 obj\n<< /Type /XRef /Size 91 /W [1 8 2] /Index [80 1] /Length 11 >>\n"
        b"stream\n" + row + b"\nendstream\nendobj\n"
    )
    root = document.rpartition(b"/Root ")[2].split(b" R")[0]
    before = document.rpartition(b"startxref\n")[2].split()[0]
    table = at + len(stream)
    return b"".join((
        document, stream, b"xref\n0 1\n0000000000 65535 f \n",
        b"trailer << /Size 91 /Root ", root, b" R /Prev ", before,
        b" /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (at, table),
    ))  # fmt: skip


def retitled(document: bytes) -> bytes:
    """The document with an incremental update that changes its first page."""
    from pyhanko.pdf_utils.generic import ArrayObject, NumberObject, pdf_name
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(document))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/ArtBox")] = ArrayObject(map(NumberObject, (0, 0, 9, 9)))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
