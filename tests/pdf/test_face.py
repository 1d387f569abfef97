"""The face: readable, vector, without a font, and plainly a specimen."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

import pytest
import segno
from hypothesis import given, settings, strategies as st

from bubuh.pdf.face.drawing import drawing, read_drawing
from bubuh.pdf.face.letters import GLYPHS, number
from bubuh.pdf.face.qr import MASK, QUIET_MODULES, matrix
from tests.pdf.conftest import SERIAL, URL, Desk

ALPHABET = string.digits + string.ascii_uppercase
serials = st.text(ALPHABET, min_size=22, max_size=22)


@given(serials)
@settings(max_examples=30)
def test_a_drawing_says_what_it_was_made_of(serial_no: str) -> None:
    drawn = read_drawing(drawing(serial_no, URL + serial_no))
    assert drawn.serial_no == serial_no
    assert drawn.code == matrix(URL + serial_no)


@given(serials)
@settings(max_examples=30)
def test_the_code_is_the_one_that_segno_makes(serial_no: str) -> None:
    code = segno.make(URL + serial_no, error="m", mode="byte", mask=MASK, micro=False, boost_error=False)
    made = matrix(URL + serial_no)
    octets = (made.modules + 7) // 8
    rows = [made.bits[row * octets : (row + 1) * octets] for row in range(made.modules)]
    bits = ["".join(f"{octet:08b}" for octet in row)[: made.modules] for row in rows]
    assert bits == ["".join(map(str, row)) for row in code.matrix]


def test_the_code_decodes_for_many_serial_numbers() -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    from PIL import Image

    for seed in range(40):
        payload = URL + "".join(ALPHABET[(seed * 7 + place * 11) % 36] for place in range(22))
        made = matrix(payload)
        octets = (made.modules + 7) // 8
        picture = Image.new("L", (made.modules + 2 * QUIET_MODULES,) * 2, 255)
        for row in range(made.modules):
            line = int.from_bytes(made.bits[row * octets : (row + 1) * octets], "big")
            for column in range(made.modules):
                if line >> (8 * octets - 1 - column) & 1:
                    picture.putpixel((column + QUIET_MODULES, row + QUIET_MODULES), 0)
        larger = picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)
        assert [code.text for code in zxingcpp.read_barcodes(larger)] == [payload]


def test_the_version_of_the_code_depends_on_the_length_alone() -> None:
    assert len({matrix(URL + letter * 22).modules for letter in ALPHABET}) == 1


def test_the_face_uses_no_font_no_picture_and_no_colour_of_a_device() -> None:
    """PDF/A allows neither a font that is not embedded nor DeviceRGB without an output intent."""
    operators = set(
        re.findall(rb"(?<![/\w])[A-Za-z*]+(?!\w)", _without_strings(drawing(SERIAL, URL + SERIAL)))
    )
    assert not operators & {
        b"Tf",
        b"Tj",
        b"TJ",
        b"BT",
        b"Do",
        b"gs",
        b"rg",
        b"RG",
        b"g",
        b"G",
        b"k",
        b"K",
        b"sh",
    }
    assert {b"sc", b"SC", b"cs", b"CS"} <= operators


def test_every_letter_is_drawn_and_no_two_alike() -> None:
    assert set(GLYPHS) == set(ALPHABET) | {" "}
    assert len(set(GLYPHS.values())) == len(GLYPHS)


def test_saving_and_restoring_are_balanced() -> None:
    words = _without_strings(drawing(SERIAL, URL + SERIAL)).split()
    assert words.count(b"q") == words.count(b"Q")
    assert words.count(b"BDC") == words.count(b"EMC") == 1


def test_the_content_of_another_is_no_drawing() -> None:
    for content in (
        b"",
        b"q Q",
        drawing(SERIAL, URL) * 2,
        drawing(SERIAL, URL).replace(b"ActualText", b"Alt"),
    ):
        with pytest.raises(ValueError, match="not one serial"):
            read_drawing(content)


@given(st.floats(-1e5, 1e5))
def test_numbers_are_plain(value: float) -> None:
    assert re.fullmatch(r"-?\d+(\.\d{1,4})?", number(value))
    assert float(number(value)) == pytest.approx(value, abs=1e-4)


def test_a_reader_can_copy_the_serial_number(desk: Desk, letter: bytes, oracle: Callable[[str], str]) -> None:
    """The drawing bears the number as text beside its strokes, for those who hear a page."""
    stamped = desk.affix(letter)
    assert f"/ActualText ({SERIAL})".encode() in stamped


def _without_strings(content: bytes) -> bytes:
    return re.sub(rb"\([^)]*\)|ID\n[0-9a-f]+>", b"", content)
