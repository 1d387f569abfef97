from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image

from bubuh.bench.files import FILES
from bubuh.bench.jpeg import noise_jpeg
from bubuh.pdf.intake.inspection import inspect

ABOUT_BYTES = {"text-25k": 25_000, "objstm-350k": 346_000, "scan-1.4m": 1_390_000}
PAGES = {"text-25k": 1, "objstm-350k": 5, "scan-1.4m": 1}


def test_a_file_is_the_same_every_time(file: str, document: bytes) -> None:
    assert FILES[file]() == document


def test_a_file_is_of_the_size_its_name_says(file: str, document: bytes) -> None:
    assert len(document) == pytest.approx(ABOUT_BYTES[file], rel=0.02)


def test_a_file_may_be_stamped(file: str, document: bytes) -> None:
    facts = inspect(document)
    assert (facts.pages, facts.signatures, facts.flags) == (PAGES[file], 0, ())


@pytest.mark.oracle
def test_qpdf_decodes_all_of_a_file_without_a_word(
    document: bytes, qpdf_complaints: Callable[[bytes], str]
) -> None:
    assert qpdf_complaints(document) == ""


def test_one_file_has_object_streams_and_the_others_a_table(file: str, document: bytes) -> None:
    is_streamed = file == "objstm-350k"
    assert (b"/ObjStm" in document) is is_streamed
    assert (b"\nxref\n" in document) is not is_streamed


def test_a_text_shows_and_a_scan_is_one_picture(documents: dict[str, bytes]) -> None:
    with pikepdf.open(io.BytesIO(documents["text-25k"])) as pdf:
        assert b"menyatakan" in pdf.pages[0].Contents.read_bytes()
    with pikepdf.open(io.BytesIO(documents["scan-1.4m"])) as pdf:
        (picture,) = pdf.pages[0].get_images().values()
        assert len(picture.read_raw_bytes()) > 0.99 * len(documents["scan-1.4m"])


@pytest.mark.parametrize(("wide", "high"), [(1, 1), (2, 3), (5, 5), (54, 55)])
def test_a_jpeg_is_read_as_what_it_says_it_is(wide: int, high: int) -> None:
    coded = noise_jpeg(blocks_wide=wide, blocks_high=high, seed=7)
    with Image.open(io.BytesIO(coded)) as image:
        image.load()
        assert (image.size, image.mode) == ((8 * wide, 8 * high), "L")
        assert len(image.getcolors() or ()) > 1, "noise is no plain ground"
    assert coded != noise_jpeg(blocks_wide=wide, blocks_high=high, seed=8)
