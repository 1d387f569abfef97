from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings, strategies as st

from bubuh.pdf.model import RANK, Indication, Judgement, StampFinding
from bubuh.verification.model import LEDGER_NOT_ASKED, SerialFacts, Verdict, Word
from bubuh.verification.weigh import MOST_STAMPS, weigh

PASSED, INDETERMINATE, FAILED = Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
DIGEST, OTHER = b"d" * 32, b"o" * 32


def serial_no(number: int = 0) -> str:
    return f"T1{number:020d}"


def finding(
    number: int = 0, *, indication: Indication = PASSED, digest: bytes | None = DIGEST
) -> StampFinding:
    return StampFinding(serial_no=serial_no(number), digest=digest, signed_at=NOW, indication=indication)


def judgement(
    *stamps: StampFinding, indication: Indication = PASSED, reasons: tuple[str, ...] = ()
) -> Judgement:
    return Judgement(indication=indication, reasons=reasons, stamps=stamps)


def facts(number: int = 0, *, digest: bytes = DIGEST) -> SerialFacts:
    return SerialFacts(serial_no=serial_no(number), affixed_at=NOW, digest=digest)


def known(*affixed: SerialFacts, unknown: tuple[int, ...] = ()) -> dict[str, SerialFacts | None]:
    return {**{each.serial_no: each for each in affixed}, **{serial_no(number): None for number in unknown}}


def word(verdict: Verdict) -> str:
    return str(verdict.verdict)


def test_what_the_document_proves_and_the_ledger_knows_is_genuine() -> None:
    verdict = weigh(judgement(finding()), known(facts()))
    assert verdict.is_genuine
    assert (verdict.reasons, verdict.findings, verdict.serial_no) == ((), (), serial_no())
    assert verdict.stamps[0].affixed_at == NOW


def test_an_unknown_or_void_serial_number_is_not_genuine() -> None:
    verdict = weigh(judgement(finding()), known(unknown=(0,)))
    assert verdict.verdict is Word.NOT_GENUINE
    assert (verdict.sub_indication, verdict.reasons) == ("SIG_CONSTRAINTS_FAILURE", ("serial_unknown",))
    assert verdict.stamps[0].affixed_at is None


@pytest.mark.parametrize("digest", [OTHER, None])
def test_another_digest_than_the_registered_one_is_not_genuine(digest: bytes | None) -> None:
    verdict = weigh(judgement(finding(digest=digest)), known(facts()))
    assert verdict.verdict is Word.NOT_GENUINE
    assert (verdict.sub_indication, verdict.reasons) == ("HASH_FAILURE", ("ledger_digest_differs",))
    assert verdict.stamps[0].affixed_at is None


def test_one_bad_stamp_beside_a_good_one_makes_no_genuine_document() -> None:
    verdict = weigh(judgement(finding(0), finding(1)), known(facts(0), unknown=(1,)))
    assert verdict.verdict is Word.NOT_GENUINE
    assert [stamp.verdict for stamp in verdict.stamps] == [Word.GENUINE, Word.NOT_GENUINE]
    assert verdict.serial_no == serial_no(1)


def test_without_a_ledger_a_document_may_be_genuine_and_the_finding_says_so() -> None:
    verdict = weigh(judgement(finding()), None)
    assert verdict.is_genuine
    assert verdict.findings == (LEDGER_NOT_ASKED,)


@pytest.mark.parametrize("ledger", [None, {}])
def test_a_document_without_a_stamp_is_never_genuine(ledger: dict[str, SerialFacts | None] | None) -> None:
    verdict = weigh(judgement(), ledger)
    assert verdict.verdict is Word.NOT_PROVABLE
    assert (verdict.reasons, verdict.serial_no) == (("no_stamp",), None)


def test_of_more_stamps_than_are_asked_for_nothing_is_proven() -> None:
    stamps = [finding(number) for number in range(MOST_STAMPS + 1)]
    verdict = weigh(judgement(*stamps), known(*(facts(number) for number in range(MOST_STAMPS))))
    assert verdict.verdict is Word.NOT_PROVABLE
    assert verdict.reasons == ("too_many_stamps",)


def test_the_documents_own_reason_comes_first_and_each_stands_once() -> None:
    stamp = StampFinding(
        serial_no=serial_no(),
        digest=OTHER,
        signed_at=NOW,
        indication=FAILED,
        sub_indication="SIG_CRYPTO_FAILURE",
        reasons=("seal_invalid",),
    )
    whole = Judgement(
        indication=FAILED, sub_indication="SIG_CRYPTO_FAILURE", reasons=("seal_invalid",), stamps=(stamp,)
    )
    verdict = weigh(whole, known(facts()))
    assert verdict.sub_indication == "SIG_CRYPTO_FAILURE"
    assert verdict.reasons == ("seal_invalid", "ledger_digest_differs")


stamps_of = st.lists(
    st.builds(
        finding,
        st.integers(0, 3),
        indication=st.sampled_from(Indication),
        digest=st.sampled_from([DIGEST, OTHER, None]),
    ),
    max_size=5,
)
ledgers = st.dictionaries(st.integers(0, 3), st.sampled_from([DIGEST, OTHER, None]), max_size=4)


@settings(deadline=None)
@given(stamps=stamps_of, indication=st.sampled_from(Indication), ledger=ledgers)
def test_a_ledger_only_ever_lowers_a_verdict(
    stamps: list[StampFinding], indication: Indication, ledger: dict[int, bytes | None]
) -> None:
    asked = {
        serial_no(number): None if digest is None else facts(number, digest=digest)
        for number, digest in ledger.items()
    }
    shown = judgement(*stamps, indication=indication)
    verdict = weigh(shown, asked)
    assert RANK[verdict.indication] <= RANK[weigh(shown, None).indication] <= RANK[indication]
    assert all(RANK[verdict.indication] <= RANK[stamp.indication] for stamp in verdict.stamps)
    assert len(set(verdict.reasons)) == len(verdict.reasons)


@settings(deadline=None)
@given(stamps=stamps_of, ledger=ledgers)
def test_genuine_is_only_what_is_proven_whole_and_known_with_its_digest(
    stamps: list[StampFinding], ledger: dict[int, bytes | None]
) -> None:
    asked = {serial_no(number): None for number in range(4)} | {
        serial_no(number): facts(number, digest=digest)
        for number, digest in ledger.items()
        if digest is not None
    }
    verdict = weigh(judgement(*stamps), asked)
    assert verdict.is_genuine == (
        bool(stamps)
        and all(stamp.indication is PASSED for stamp in stamps)
        and all((held := asked[stamp.serial_no]) and held.digest == stamp.digest for stamp in stamps)
    )
    assert (word(verdict) == "genuine") == (verdict.reasons == () and verdict.indication is PASSED)
