"""The lean reader sees what the second parser sees, or declines."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import given, settings, strategies as st

from bubuh.pdf.lean.declined import Declined, Why
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.pages import page_at
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.tokens import reference
from tests.pdf.conftest import DATA, Desk
from tests.pdf.lean.differences import differences
from tests.pdf.test_refusals import hybrid, retitled

Sheet = Callable[..., bytes]
LETTER = (DATA / "surat-lamaran.pdf").read_bytes()
STREAMS = (DATA / "daftar-hadir-diputar.pdf").read_bytes()
ENCRYPTED = "surat-lamaran-terenkripsi.pdf"


def why(document: bytes) -> Why | None:
    """Why the reader leaves the document's first page; None when it reads it."""
    try:
        reader = Document(document)
        root = reader.dictionary(reference(reader.chain.entry(b"/Root")))
        page_at(reader, root, 1)
    except Declined as declined:
        return declined.why
    return None


def test_the_samples_are_read_as_the_second_parser_reads_them(sample: bytes) -> None:
    assert differences(sample) == []


@pytest.mark.parametrize(
    "saving", [{"linearize": True}, {"object_stream_mode": pikepdf.ObjectStreamMode.generate}]
)
def test_every_page_of_long_files_is_found(sheet: Sheet, saving: dict[str, object]) -> None:
    document = sheet(pages=40, **saving)
    reader = Document(document)
    root = reader.dictionary(reference(reader.chain.entry(b"/Root")))
    with pikepdf.open(io.BytesIO(document)) as pdf:
        expected = [page.objgen for page in pdf.pages]
    assert [page_at(reader, root, number).ref for number in range(1, 41)] == expected
    with pytest.raises(Declined):
        page_at(reader, root, 41)


def test_revisions_are_read_newest_first(sheet: Sheet) -> None:
    document = retitled(retitled(sheet(pages=2)))
    assert len(Document(document).chain.sections) == 3
    assert differences(document) == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"\n" + LETTER, Why.HEADER),
        (LETTER + b"<html>", Why.END),
        (LETTER[:-300], Why.END),
        (b"", Why.HEADER),
        (hybrid(LETTER), Why.HYBRID),
        (LETTER.replace(b"\nxref\n", b"\nxfer\n"), Why.XREF),
        (LETTER.replace(b"00000 n", b"00000 x"), Why.XREF),
        (LETTER.replace(b"00000 n", b"00000 f"), Why.OBJECT),
        (LETTER.replace(b"/Type /Page\n", b"/Type /Pane\n"), Why.PAGES),
    ],
)
def test_what_is_odd_is_declined_with_its_reason(document: bytes, reason: Why) -> None:
    assert why(document) is reason


def test_a_chain_that_bites_its_tail_is_declined() -> None:
    start = LETTER.rpartition(b"startxref")[2].split()[0]
    assert why(LETTER.replace(b"trailer\n<<", b"trailer\n<< /Prev " + start)) is Why.CHAIN


def test_a_stream_that_swells_is_declined(monkeypatch: pytest.MonkeyPatch, sheet: Sheet) -> None:
    document = sheet(pages=9, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert why(document) is None
    monkeypatch.setattr("bubuh.pdf.lean.streams.MOST_INFLATED", 64)
    assert why(document) is Why.INFLATED


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([LETTER, STREAMS]), st.integers(0, 2**32))
def test_mutants_are_read_or_declined(desk: Desk, document: bytes, seed: int) -> None:
    """Nothing else comes out, and the same comes out twice."""
    mutant = _mutated(document, random.Random(seed))
    assert _planned(mutant, desk) == _planned(mutant, desk)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=60))
def test_noise_is_declined(desk: Desk, middle: bytes, trailer: bytes) -> None:
    start = b"%PDF-1.7\n" + middle + b"\n"
    noise = start + b"xref\n0 0\ntrailer\n<<" + trailer + b">>\nstartxref\n%d\n%%%%EOF" % len(start)
    with pytest.raises(Declined):
        plan_lean(noise, desk.intent(), desk.chain)


def _planned(document: bytes, desk: Desk) -> object:
    try:
        return plan_lean(document, desk.intent(x_pt=0, y_pt=0, side_pt=40), desk.chain)
    except Declined as declined:
        return declined.args


def _mutated(document: bytes, chance: random.Random) -> bytes:
    """Changes where the structure is: in the last bytes, in dictionaries, in digits."""
    made = bytearray(document)
    for _ in range(chance.randint(1, 5)):
        at = chance.choice(
            [chance.randrange(len(made)), len(made) - chance.randrange(1, min(len(made), 1500))]
        )
        match chance.randrange(4):
            case 0:
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                del made[at : at + chance.randrange(1, 20)]
            case 2:
                made[at:at] = chance.choice([b"<<", b"]", b"/Prev 0", b"(", b" 99999999999 ", b"/Size -1"])
            case _:
                made[at] = chance.choice(b"0123456789")
    return bytes(made)
