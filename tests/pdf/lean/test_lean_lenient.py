"""What programs write against the rules, or oddly, and every reader knows: the lean engine stamps it too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.model import Trust
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, Desk
from tests.pdf.lean.differences import differences
from tests.pdf.lean.test_lean_corpus import CORPUS
from tests.pdf.lean.test_lean_engine import affixed, why
from tests.pdf.pixels import changed_outside

#: Files of others that are odd in one of the ways below; but for one that makes PDFium walk a million fields.
IN_THE_CORPUS = (
    "pdfjs/bug1868759.pdf",
    "pdfjs/issue17540.pdf",
    "pdfjs/issue19802.pdf",
    "pdfjs/issue7872.pdf",
    "pyhanko/CompactedPDFSyntaxTest.pdf",
    "pyhanko/minimal-startxref-obo1.pdf",
    "pyhanko/no-mediabox.pdf",
    "pypdf/grayscale-image.pdf",
    "qpdf/issue-449.pdf",
)
SIDE = 40.0

OBJECTS: Mapping[int, bytes] = {
    1: b"<< /Type /Catalog /Pages 2 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>",
    4: b"<< /Length 26 >>\nstream\n0.9 g 150 150 200 300 re f\nendstream",
}
FORM = {1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>"}
NAMELESS = {
    5: b"<< /Kids [6 0 R] >>",
    6: b"<< /Parent 5 0 R /Kids [7 0 R] >>",
    7: b"<< /Parent 6 0 R >>",
}
SCRIPTED = rb"<< /FT /Tx /T (jumlah) /DV ((((1 + 2) * 3) - (4 + 5\)))) /V () >>"


def written(changes: Mapping[int, bytes] = {}, *, line_end: bytes = b" \n", early: int = 0) -> bytes:
    """A document of one page; `line_end` ends its cross-references, startxref tells `early` bytes too few."""
    document, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", [0]
    objects = {**OBJECTS, **changes}
    for number, body in sorted(objects.items()):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = [b"0000000000 65535 f" + line_end, *(b"%010d 00000 n" % at + line_end for at in places[1:])]
    told = b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>" % (len(rows), b"".join(rows), len(rows))
    return document + told + b"\nstartxref\n%d\n%%%%EOF\n" % (len(document) - early)


DOCUMENTS = {
    "entries of 19 bytes": written(line_end=b"\n"),
    "startxref at a line end": written(early=1),
    "a box of references": written({3: OBJECTS[3].replace(b"595 842", b"5 0 R 6 0 R"), 5: b"595", 6: b"842"}),
    "no box": written({3: OBJECTS[3].replace(b"/MediaBox [0 0 595 842]", b"")}),
    "a comment among the kids": written({2: b"<</Type/Pages/Kids[3 0 R%the only one\n]/Count 1>>"}),
    "parentheses in parentheses": written({**FORM, 5: SCRIPTED}),
    "a field without name, with kids": written({**FORM, **NAMELESS}),
}


@pytest.mark.oracle
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_it_is_read_as_others_read_it_and_its_stamps_are_genuine_to_all(
    desk: Desk,
    document: bytes,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    assert differences(document) == []
    check(desk, document, qpdf_complaints, pdfsig_words, pyhanko_words)


@pytest.mark.oracle
@pytest.mark.parametrize("name", IN_THE_CORPUS)
def test_so_it_is_with_files_of_others(
    desk: Desk,
    name: str,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    path: Path = CORPUS / name
    if not path.exists():
        pytest.skip(f"THE CORPUS {CORPUS} IS ABSENT: no file of others was read")
    document = path.read_bytes()
    if b"/JavaScript" in document:  # refused before it is planned, but read all the same
        assert plan_lean(document, desk.intent(side_pt=SIDE), desk.chain).digest
        return
    check(desk, document, qpdf_complaints, pdfsig_words, pyhanko_words)


def check(
    desk: Desk,
    document: bytes,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    facts = inspect(document)
    once = affixed(document, desk, x_pt=0, y_pt=0, side_pt=SIDE)
    twice = affixed(once, desk, OTHER_SERIAL, x_pt=SIDE, y_pt=0, side_pt=SIDE)
    assert desk.judge(once).is_genuine
    assert desk.judge(twice).is_genuine
    assert qpdf_complaints(twice) == "" or qpdf_complaints(document) != ""
    said = pyhanko_words(twice, desk.trust)
    assert said[f"Stamp_{SERIAL}"] is said[f"Stamp_{OTHER_SERIAL}"] is True
    assert pdfsig_words(twice) == ["Signature is Valid."] * (facts.signatures + 2)
    crop = facts.boxes[0].crop
    assert changed_outside(document, once, SIDE / crop.width) == ""


def test_a_serial_number_in_use_under_a_field_without_name_is_found(desk: Desk) -> None:
    named = b"<< /Parent 5 0 R /FT /Tx /T (Stamp_%s) >>" % SERIAL.encode()
    document = written({**FORM, 5: b"<< /Kids [6 0 R] >>", 6: named})
    assert why(document, desk) is Why.SERIAL_PRESENT


@pytest.mark.parametrize(
    "document",
    [
        written(line_end=b"\n").replace(b"00000 n\n", b"00000 n \n", 1),
        written(line_end=b"\n").replace(b"00000 n\n", b"0000 n\n", 1),
        written(early=2),
        re.sub(rb"startxref\n(\d+)", rb"startxref\n1\1", written()),
    ],
    ids=["of both widths", "one byte short", "early within a word", "far too late"],
)
def test_other_cross_references_that_are_not_as_they_should_be_are_declined(
    desk: Desk, document: bytes
) -> None:
    with pytest.raises(Declined) as declined:
        plan_lean(document, desk.intent(), desk.chain)
    assert declined.value.why is Why.XREF
