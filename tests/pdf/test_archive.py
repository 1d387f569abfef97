"""PDF/A stays PDF/A: what an increment adds breaks no rule of ISO 19005, whichever tier wrote it.

No validator is at hand, so the clauses that a stamp could break are written down here: those of part 1 (the
strictest) and what parts 2 and 3 add, over the objects that a stamp brings and the bytes around them.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
import pytest

from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.model import Chain, Increment, Intent
from bubuh.pdf.plan import plan_with_library
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import sign
from tests.pdf.conftest import DATA, Desk

Plan = Callable[[bytes, Intent, Chain], Increment]

ARCHIVED = DATA / "surat-pernyataan-pdfa.pdf"
INVISIBLE, HIDDEN, PRINT, NO_VIEW, TOGGLE_NO_VIEW = (
    1,
    2,
    4,
    32,
    256,
)  # annotation flags; ISO 32000-1, table 165


@pytest.fixture(params=[plan_lean, plan_with_library], ids=["t1", "t2"])
def stamped(request: pytest.FixtureRequest, desk: Desk) -> tuple[bytes, bytes]:
    """An archived document, and what a tier appends to it."""
    document, act = ARCHIVED.read_bytes(), request.param
    increment = act(document, desk.intent(), desk.chain)
    signature = sign(desk.key, signed_attributes(increment.digest, desk.chain))
    return document, increment.sealed(signed_data(increment.digest, signature, desk.chain))


@pytest.fixture
def opened(stamped: tuple[bytes, bytes]) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(b"".join(stamped)), attempt_recovery=False) as pdf:
        yield pdf


@pytest.fixture
def widget(opened: pikepdf.Pdf) -> Any:
    (found,) = [field for field in opened.Root.AcroForm.Fields if str(field.T).startswith("Stamp_")]
    return found


def test_the_file_says_that_it_is_archived_and_goes_on_saying_so(stamped: tuple[bytes, bytes]) -> None:
    document, appended = stamped
    assert b"pdfaid:part" in document
    with pikepdf.open(io.BytesIO(document)) as before, pikepdf.open(io.BytesIO(document + appended)) as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert [str(intent.S) for intent in after.Root.get("/OutputIntents", [])] == [
            str(intent.S) for intent in before.Root.get("/OutputIntents", [])
        ]


def test_the_widget_is_seen_and_printed(widget: Any) -> None:
    """19005-1, 6.5.3; 19005-2, 6.3.2: Print set; Hidden, Invisible, NoView, ToggleNoView clear."""
    flags = int(widget.F)
    assert flags & PRINT
    assert not flags & (INVISIBLE | HIDDEN | NO_VIEW | TOGGLE_NO_VIEW)
    assert "/CA" not in widget  # opacity


def test_the_appearance_is_one_stream_and_nothing_else(widget: Any) -> None:
    """19005-1, 6.5.3 and 6.9; 19005-2, 6.3.3: /N alone, and for a signature field a stream."""
    assert list(widget.AP.keys()) == ["/N"]
    assert isinstance(widget.AP.N, pikepdf.Stream)


def test_the_widget_acts_on_nothing(widget: Any, opened: pikepdf.Pdf) -> None:
    """19005-1, 6.6 and 6.9; 19005-2, 6.4.1 and 6.5: no action, no appearance that a reader makes."""
    assert not {"/A", "/AA"} & set(widget.keys())
    assert not opened.Root.AcroForm.get("/NeedAppearances", False)
    assert "/XFA" not in opened.Root.AcroForm


def test_the_face_is_opaque(widget: Any) -> None:
    """19005-1, 6.4: no group, no soft mask, no opacity, no state at all."""
    face = widget.AP.N
    assert "/Group" not in face
    assert "/ExtGState" not in face.Resources
    assert "/SMask" not in face
    assert not re.search(rb"(?<!\w)gs(?!\w)", _operators(face))


def test_colours_are_of_no_device(widget: Any) -> None:
    """19005-1, 6.2.3: nothing hangs on an output intent; each space is one that says what a colour is."""
    spaces = {str(name): str(space[0]) for name, space in widget.AP.N.Resources.ColorSpace.items()}
    assert set(spaces.values()) == {"/CalRGB"}
    operators = _operators(widget.AP.N).split()
    assert not {b"g", b"G", b"rg", b"RG", b"k", b"K"} & set(operators)
    assert {operand for operand, operator in _pairs(operators) if operator in {b"cs", b"CS"}} <= {b"/C"}


def test_no_font_no_picture_of_elsewhere_and_no_old_compression(widget: Any) -> None:
    """19005-1, 6.1.10, 6.2.4, 6.2.5, 6.3.4: no font but embedded ones, no reference out, no LZW."""
    face = widget.AP.N
    assert not {"/Font", "/XObject", "/Pattern", "/Shading"} & set(face.Resources.keys())
    assert not {"/F", "/FFilter", "/FDecodeParms", "/OPI", "/PS", "/Ref"} & set(face.keys())
    assert str(face.get("/Filter", "")) not in {"/LZWDecode", "/Crypt"}
    picture = re.search(rb"BI\s(.*?)\sID", face.read_bytes(), re.DOTALL)
    assert picture is not None
    assert not re.search(rb"/(LZW|LZWDecode|I|Interpolate)\b", picture[1])
    assert re.search(rb"/(IM|ImageMask) true", picture[1])  # a stencil: painted in the colour that is set


def test_states_are_kept_and_given_back_within_bounds(widget: Any) -> None:
    """19005-1, 6.1.12, and ISO 32000-1, annex C: at most 28 levels of q, and as many of Q."""
    depth = deepest = 0
    for operator in _operators(widget.AP.N).split():
        depth += (operator == b"q") - (operator == b"Q")
        deepest = max(deepest, depth)
    assert depth == 0
    assert deepest <= 28


def test_the_trailer_has_its_id_and_no_lock(opened: pikepdf.Pdf, stamped: tuple[bytes, bytes]) -> None:
    """19005-1, 6.1.3: /ID stands in the trailer, its first half that of the original; no /Encrypt."""
    with pikepdf.open(io.BytesIO(stamped[0])) as before:
        first = bytes(before.trailer.ID[0])
    assert bytes(opened.trailer.ID[0]) == first
    assert bytes(opened.trailer.ID[1]) not in {first, b""}
    assert "/Encrypt" not in opened.trailer


def test_objects_stand_as_the_syntax_wants_them(stamped: tuple[bytes, bytes]) -> None:
    """19005-1, 6.1.7 and 6.1.8: line ends around obj and endobj, one blank between the numbers before obj."""
    document, appended = stamped
    assert (document + appended)[: len(document)] == document
    assert re.search(rb"[\r\n]", document[-1:] + appended[:1])
    heads = re.findall(rb"(?:^|\n)(\d+ \d+ obj)\b(.)", appended, re.DOTALL)
    assert len(heads) == len(re.findall(rb"\bobj\b", appended)) == len(re.findall(rb"\nendobj\n", appended))
    assert {after for _head, after in heads} == {b"\n"}


def test_streams_are_as_long_as_they_say(stamped: tuple[bytes, bytes]) -> None:
    """19005-1, 6.1.7: `stream` is followed by a line end, `endstream` preceded by one, /Length is exact."""
    _document, appended = stamped
    found = list(re.finditer(rb"/Length (\d+)[^>]*(?:>>)?.*?stream(\r\n|\n)", appended, re.DOTALL))
    assert found
    for head in found:
        end = head.end() + int(head[1])
        assert re.match(rb"(\r\n|\n|\r)endstream\b", appended[end : end + 12])


def test_tables_are_written_as_they_must(stamped: tuple[bytes, bytes]) -> None:
    """19005-1, 6.1.4: `xref` and its runs each on a line, and nothing after the last end but its line end."""
    _document, appended = stamped
    assert appended.endswith(b"%%EOF\n")
    table = re.search(rb"\nxref\n((?:\d+ \d+\n(?:\d{10} \d{5} [nf](?: \n|\r\n| \r))+)+)trailer\n", appended)
    assert table is not None


def test_hexadecimal_strings_are_whole(stamped: tuple[bytes, bytes]) -> None:
    """19005-1, 6.1.6: an even number of digits and nothing else."""
    _document, appended = stamped
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", appended, flags=re.DOTALL)
    strings = re.findall(rb"(?<!<)<([^<>]*)>(?!>)", outside)
    assert strings
    assert all(len(digits) % 2 == 0 and re.fullmatch(rb"[0-9A-Fa-f]*", digits) for digits in strings)


def test_the_signature_is_as_part_2_wants_it(widget: Any, stamped: tuple[bytes, bytes]) -> None:
    """19005-2, 6.4.3: the ByteRange covers the whole file but Contents; no /Perms but DocMDP; one signer."""
    document = b"".join(stamped)
    zero, start, end, rest = map(int, widget.V.ByteRange)
    assert (zero, end + rest) == (0, len(document))
    assert document[start : start + 1] + document[end - 1 : end] == b"<>"
    from asn1crypto import cms as asn1

    contained = asn1.ContentInfo.load(bytes(widget.V.Contents))["content"]
    assert len(contained["signer_infos"]) == 1
    assert len(contained["certificates"]) >= 1


def _operators(face: Any) -> bytes:
    """The content without strings, inline picture data and names' own letters."""
    return re.sub(rb"\([^)]*\)|(?<=ID).*?(?=EI)", b" ", face.read_bytes(), flags=re.DOTALL)


def _pairs(words: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return itertools.pairwise(words)
