"""The quick judge says genuine only where the whole one does, and then says the same to the word."""
# mypy: allow-untyped-calls

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.judge.verdict import judge, judge_whole
from bubuh.pdf.model import Trust
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
    from bubuh.pdf.seal.pki import development_pki

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
    from bubuh.pdf.offline import affix_with_key

    intent = replace(desk.intent(), qr_payload=payload)
    return affix_with_key(document, intent, desk.chain, desk.key)


@pytest.mark.parametrize("name", AFTER_STAMPING)
def test_it_says_nothing_of_what_was_touched(name: str, desk: Desk, letter: bytes) -> None:
    assert judge_lean(AFTER_STAMPING[name](desk.affix(letter)), desk.trust) is None


def test_nor_of_what_has_something_after_it(desk: Desk, stranger: Desk, letter: bytes) -> None:
    stamped = desk.affix(letter)
    for document in (
        desk.affix(stamped, OTHER_SERIAL, x_pt=200),
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
