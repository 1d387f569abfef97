"""The quick judge says genuine only where the whole one does, and then says the same to the word."""
# mypy: allow-untyped-calls

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest

from bubuh.core.errors import Refusal
from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.judge.verdict import judge, judge_whole
from bubuh.pdf.lean.reader import Document
from bubuh.pdf.lean.stamped import MOST_STAMPS
from bubuh.pdf.model import Retired, Trust
from bubuh.pdf.seal.pki import development_pki
from tests.pdf.conftest import DATA, NOW, OTHER_SERIAL, SERIAL, URL, Desk, sample_names
from tests.pdf.forgeries import AFTER_STAMPING
from tests.pdf.strangers import signed_by_stranger, with_document_time_stamp, with_dss, with_purpose
from tests.pdf.test_refusals import mutated

#: Of the samples, those with a form of their own or encrypted are for the whole judge.
LEAN = {
    "daftar-hadir-diputar.pdf",
    "ijazah-pindaian.pdf",
    "kuitansi-chromium.pdf",
    "surat-lamaran.pdf",
    "surat-pernyataan-libreoffice.pdf",
    "surat-pernyataan-pdfa.pdf",
}


def check_alike(document: bytes, trust: Trust) -> bool:
    """Hold the two together; whether the quick one said anything."""
    quick = judge_lean(document, trust)
    if quick is not None:
        assert quick == judge_whole(document, trust)
        assert quick.is_genuine
    return quick is not None


@pytest.mark.parametrize("name", sample_names())
def test_it_knows_the_plain_ones_and_says_what_the_whole_one_says(name: str, desk: Desk) -> None:
    stamped = desk.affix((DATA / name).read_bytes())
    assert check_alike(stamped, desk.trust) == (name in LEAN)
    assert judge(stamped, desk.trust) == judge_whole(stamped, desk.trust)


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048", "rsa3072"])
def test_whatever_the_key(algorithm: str, letter: bytes) -> None:
    desk = Desk.open(development_pki(NOW - timedelta(days=30), algorithm=algorithm))  # type: ignore[arg-type]
    assert check_alike(desk.affix(letter), desk.trust)


def test_whatever_address_the_code_has(desk: Desk, letter: bytes) -> None:
    for payload in (SERIAL, URL + SERIAL, "http://127.0.0.1:8000/s/" + SERIAL, URL + SERIAL):
        stamped = stamped_with(desk, letter, payload)
        assert check_alike(stamped, desk.trust), payload


def test_not_where_the_code_says_another_number(desk: Desk, letter: bytes) -> None:
    for payload in (URL + OTHER_SERIAL, URL, "A" * 60, "%" * 300):
        stamped = stamped_with(desk, letter, payload)
        assert judge_lean(stamped, desk.trust) is None
        assert judge_whole(stamped, desk.trust).reasons == ("serial_differs",)


def stamped_with(desk: Desk, document: bytes, payload: str) -> bytes:
    from tests.pdf.offline import affix_with_key

    intent = replace(desk.intent(), qr_payload=payload)
    return affix_with_key(document, intent, desk.chain, desk.key)


@pytest.mark.parametrize("name", AFTER_STAMPING)
def test_it_says_nothing_of_what_was_touched(name: str, desk: Desk, letter: bytes) -> None:
    assert judge_lean(AFTER_STAMPING[name](desk.affix(letter)), desk.trust) is None


def test_nor_of_what_has_something_after_it(desk: Desk, stranger: Desk, letter: bytes) -> None:
    stamped = desk.affix(letter)
    for document in (
        with_dss(stamped, desk.pki.root_certificate),
        with_document_time_stamp(stamped)[0],
        signed_by_stranger(stamped),
        stranger.affix(stamped, OTHER_SERIAL, x_pt=200),
    ):
        assert judge_lean(document, desk.trust) is None


def test_nor_of_whom_it_does_not_believe(desk: Desk, stranger: Desk, letter: bytes) -> None:
    stamped = desk.affix(letter)
    assert judge_lean(stranger.affix(letter), desk.trust) is None
    for trust in (
        replace(desk.trust, roots=()),
        replace(desk.trust, roots=stranger.trust.roots),
        replace(desk.trust, now=NOW + timedelta(days=6 * 365)),
        replace(desk.trust, now=NOW - timedelta(days=400)),
    ):
        assert judge_lean(stamped, trust) is None


def test_purposes_are_judged_alike(desk: Desk, letter: bytes) -> None:
    for purpose, believed in ((None, True), ("1.3.6.1.5.5.7.3.36", True), ("1.3.6.1.5.5.7.3.4", False)):
        other = with_purpose(desk, purpose)
        assert check_alike(other.affix(letter), other.trust) is believed


@pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.long)])
def test_every_byte_counts(step: int, desk: Desk, letter: bytes) -> None:
    """One bit of the document in turn, then of its stamp, the seal and its padding most of all."""
    stamped = desk.affix(letter)
    chance = random.Random(11)
    for at in range(chance.randrange(step), len(stamped), step):
        mutant = stamped[:at] + bytes((stamped[at] ^ (1 << chance.randrange(8)),)) + stamped[at + 1 :]
        assert judge_lean(mutant, desk.trust) is None, f"byte {at}: {stamped[at - 20 : at + 20]!r}"


@pytest.mark.parametrize("name", sorted(LEAN))
@pytest.mark.parametrize("mutants", [300, pytest.param(8000, marks=pytest.mark.long)])
def test_mutants_are_never_genuine(name: str, mutants: int, desk: Desk) -> None:
    stamped = desk.affix((DATA / name).read_bytes())
    for seed in range(mutants):
        mutant = mutated(stamped, random.Random(seed))
        assert mutant == stamped or judge_lean(mutant, desk.trust) is None, seed


def test_a_gap_moved_to_a_prepared_place_is_no_seal(desk: Desk, letter: bytes) -> None:
    """What is covered stays the same bytes, but ByteRange no longer says so just before the gap."""
    stamped = desk.affix(letter)
    quick = judge_lean(stamped, desk.trust)
    assert quick is not None
    sealed = quick.stamps[0].sealed
    assert sealed is not None
    gap = stamped[sealed.start : sealed.end]
    rest = stamped[: sealed.start] + stamped[sealed.end :]
    for at in (50, len(letter), sealed.start - 11, sealed.start + 3, len(rest)):
        assert judge_lean(rest[:at] + gap + rest[at:], desk.trust) is None


@pytest.fixture(scope="module")
def once(desk: Desk, letter: bytes) -> bytes:
    return desk.affix(letter)


@pytest.fixture(scope="module")
def twice(desk: Desk, once: bytes) -> bytes:
    """Two stamps, one upon the other, and nothing else."""
    made = desk.affix(once, OTHER_SERIAL, x_pt=200)
    assert check_alike(made, desk.trust)
    return made


def affixed_often(desk: Desk, document: bytes, stamps: int) -> bytes:
    for number in range(stamps):
        document = desk.affix(document, f"{number:02d}{SERIAL[2:]}", x_pt=20 + 8 * number, side_pt=40)
    return document


#: Of the samples that it knows, the one with cross-reference streams is for the whole judge when it has more
#: stamps than one: a reference to the second may lie compressed.
IN_TABLES = sorted(LEAN - {"daftar-hadir-diputar.pdf"})


@pytest.mark.parametrize("name", sorted(LEAN))
def test_it_knows_several_stamps_one_upon_the_other(name: str, desk: Desk) -> None:
    stamped = affixed_often(desk, (DATA / name).read_bytes(), 3)
    assert check_alike(stamped, desk.trust) == (name in IN_TABLES)


def test_on_several_pages_and_by_several_keys(desk: Desk, sheet: Callable[..., bytes]) -> None:
    document = sheet(pages=3, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    older = Desk.open(development_pki(NOW - timedelta(days=40), algorithm="rsa2048"))
    both = replace(desk.trust, roots=(*desk.trust.roots, *older.trust.roots))
    stamped = older.affix(document, page=2)
    for number, page in enumerate((3, 1, 2, 2)):
        stamped = desk.affix(stamped, f"{number}{OTHER_SERIAL[1:]}", page=page, x_pt=20 + 60 * number)
    assert check_alike(stamped, both)
    assert judge_lean(stamped, desk.trust) is None, "the first is by a key that nobody believes"
    assert judge_lean(stamped, older.trust) is None


def test_up_to_sixteen(desk: Desk, letter: bytes) -> None:
    stamped = affixed_often(desk, letter, MOST_STAMPS)
    assert judge_lean(stamped, desk.trust) is not None
    assert judge_lean(desk.affix(stamped, OTHER_SERIAL, x_pt=200), desk.trust) is None


#: What the second stamp may find: one line end, or a form that lists no stamp, which then is none.
_NOT_WRONG = {"line_end_at_the_end", "without_the_stamp"}


@pytest.mark.parametrize("name", AFTER_STAMPING)
def test_nothing_may_be_between_two_stamps(name: str, desk: Desk, once: bytes) -> None:
    touched = AFTER_STAMPING[name](once)
    try:
        stamped = desk.affix(touched, OTHER_SERIAL, x_pt=200)
    except Refusal:
        return
    assert judge_lean(stamped, desk.trust) is None
    assert judge_whole(stamped, desk.trust).is_genuine == (name in _NOT_WRONG)


@pytest.mark.parametrize("name", AFTER_STAMPING)
def test_nor_after_the_second(name: str, desk: Desk, twice: bytes) -> None:
    assert judge_lean(AFTER_STAMPING[name](twice), desk.trust) is None


def test_nor_another_signature_between_or_by_a_stranger(
    desk: Desk, stranger: Desk, letter: bytes, once: bytes
) -> None:
    for document in (
        desk.affix(signed_by_stranger(once), OTHER_SERIAL, x_pt=200),
        desk.affix(with_dss(once, desk.pki.root_certificate), OTHER_SERIAL, x_pt=200),
        desk.affix(with_document_time_stamp(once)[0], OTHER_SERIAL, x_pt=200),
        desk.affix(stranger.affix(letter), OTHER_SERIAL, x_pt=200),
        stranger.affix(once, OTHER_SERIAL, x_pt=200),
    ):
        assert judge_lean(document, desk.trust) is None


def test_nor_a_second_stamp_that_was_cut_off_another_document(
    desk: Desk, letter: bytes, once: bytes, twice: bytes
) -> None:
    other = desk.affix(letter, x_pt=90)
    assert len(other) == len(once)
    spliced = other + twice[len(once) :]
    assert judge_lean(spliced, desk.trust) is None
    assert not judge_whole(spliced, desk.trust).is_genuine


def test_each_key_must_stand(desk: Desk, once: bytes) -> None:
    """A key that was retired between two stamps takes away the later one, and so the whole."""
    later = replace(desk, now=NOW + timedelta(hours=2))
    stamped = later.affix(once, OTHER_SERIAL, x_pt=200)
    certificate = hashlib.sha256(desk.chain.seal_certificate).digest()
    for at, good in ((NOW + timedelta(hours=3), True), (NOW + timedelta(hours=1), False), (NOW, False)):
        trust = replace(desk.trust, retired=(Retired(certificate, at),))
        assert check_alike(stamped, trust) is good
        assert judge_whole(stamped, trust).is_genuine is good


@pytest.mark.parametrize("ahead", [4, 5, 6])
def test_an_object_of_the_second_that_was_waited_for(
    ahead: int, desk: Desk, sheet: Callable[..., bytes]
) -> None:
    """The document refers to a number that is free until the second stamp takes it."""

    def prepared(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Waits = pikepdf.String("-" * 20)

    document = sheet(edit=prepared, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    wanted = b"%d 0 R" % (Document(document).chain.highest + ahead)
    document = document.replace(b"(%s)" % (b"-" * 20), wanted.ljust(22))
    stamped = affixed_often(desk, document, 2)
    assert judge_lean(stamped, desk.trust) is None
    assert judge_whole(stamped, desk.trust).reasons == ("changed_after_stamp",)


@pytest.mark.parametrize("step", [67, pytest.param(1, marks=pytest.mark.long)])
def test_every_byte_of_two_stamps_counts(step: int, desk: Desk, twice: bytes) -> None:
    chance = random.Random(12)
    for at in range(chance.randrange(step), len(twice), step):
        mutant = twice[:at] + bytes((twice[at] ^ (1 << chance.randrange(8)),)) + twice[at + 1 :]
        assert judge_lean(mutant, desk.trust) is None, f"byte {at}: {twice[at - 20 : at + 20]!r}"


@pytest.mark.parametrize("mutants", [300, pytest.param(8000, marks=pytest.mark.long)])
def test_mutants_of_two_stamps_are_never_genuine(mutants: int, desk: Desk, once: bytes, twice: bytes) -> None:
    for seed in range(mutants):
        mutant = mutated(twice, random.Random(seed))
        assert mutant in {once, twice} or judge_lean(mutant, desk.trust) is None, seed
