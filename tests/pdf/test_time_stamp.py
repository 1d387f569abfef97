from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.repair import repair
from bubuh.pdf.model import Increment, Indication, Intent, Trust
from bubuh.pdf.plan import plan, plan_with_library
from bubuh.pdf.refusals import DocumentRefused, may_be_repaired
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.der import SEQUENCE, SET, elements, inner, tlv
from bubuh.pdf.seal.keys import sign
from bubuh.pdf.seal.room import TIME_STAMP_ROOM_BYTES, filled
from tests.authority import Authority, Script
from tests.pdf.conftest import NOW, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.damage import wrong_startxref


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.found(NOW - timedelta(days=30))


@pytest.fixture(autouse=True)
def _well(authority: Authority) -> None:
    authority.script = Script()


def with_time(
    desk: Desk,
    document: bytes,
    authority: Authority,
    serial_no: str = SERIAL,
    *,
    at: datetime = NOW,
    x_pt: float = 40.0,
) -> bytes:
    """`document` with a stamp whose seal bears a time-stamp."""
    intent = with_room_for_time(desk.intent(serial_no, x_pt=x_pt))
    increment = plan(document, intent, desk.chain)
    rehearse(document, increment, intent)
    signature = sign(desk.key, signed_attributes(increment.digest, desk.chain))
    sealed = increment.sealed(signed_data(increment.digest, signature, desk.chain))
    token = authority.token(hashlib.sha256(signature).digest(), None, at).dump()
    return document + filled(sealed, len(increment.pre), token)


def with_room_for_time(intent: Intent) -> Intent:
    return replace(intent, time_stamp_room=TIME_STAMP_ROOM_BYTES)


def believing(desk: Desk, authority: Authority) -> Desk:
    return replace(desk, trust=replace(desk.trust, timestamp_roots=(authority.root,)))


def test_a_sample_with_time_stamps_is_genuine_to_us_and_to_others(
    desk: Desk,
    sample: bytes,
    authority: Authority,
    pyhanko_ades: Callable[[bytes, Trust], list[tuple[str, datetime]]],
) -> None:
    judge = believing(desk, authority)

    once = with_time(desk, sample, authority)
    twice = with_time(desk, once, authority, OTHER_SERIAL, x_pt=200.0, at=NOW + timedelta(hours=1))

    said = judge.judge(twice)
    assert said.indication is Indication.PASSED, said
    assert "seal_time_stamp" in said.findings
    assert len(said.stamps) == 2
    assert twice.startswith(once)
    assert pyhanko_ades(twice, judge.trust)[-2:] == [
        ("PASSED", NOW),
        ("PASSED", NOW + timedelta(hours=1)),
    ]


@pytest.mark.parametrize("engine", [plan, plan_with_library])
def test_the_room_is_the_intents(desk: Desk, letter: bytes, engine: Callable[..., Increment]) -> None:
    without = engine(letter, desk.intent(), desk.chain)
    with_room = engine(letter, with_room_for_time(desk.intent()), desk.chain)

    assert with_room.room_bytes - without.room_bytes == TIME_STAMP_ROOM_BYTES


@pytest.mark.parametrize("engine", [plan, plan_with_library])
def test_an_increment_stays_short(desk: Desk, sample: bytes, engine: Callable[..., Increment]) -> None:
    assert len(engine(sample, desk.intent(), desk.chain).sealed(b"")) <= 8_000
    assert len(engine(sample, with_room_for_time(desk.intent()), desk.chain).sealed(b"")) <= 24_000


def test_a_seal_whose_certificate_has_ended_is_proven_by_its_time_stamp(
    desk: Desk, letter: bytes, authority: Authority
) -> None:
    much_later = NOW + timedelta(days=6 * 365)
    document = with_time(desk, letter, authority)

    proven = believing(desk, authority).judge(document, now=much_later)
    unproven = desk.judge(document, now=much_later)

    assert proven.indication is Indication.PASSED, proven
    assert unproven.indication is Indication.INDETERMINATE


def test_a_repaired_document_takes_a_time_stamp_as_any_other(
    desk: Desk,
    letter: bytes,
    authority: Authority,
    pyhanko_ades: Callable[[bytes, Trust], list[tuple[str, datetime]]],
) -> None:
    """Tier t3: what is stamped and given time is the document that was written anew."""
    damaged = wrong_startxref(letter)
    with pytest.raises(DocumentRefused) as refused:
        inspect(damaged)
    assert may_be_repaired(refused.value)
    judge, base = believing(desk, authority), repair(damaged).document

    once = with_time(desk, base, authority)
    twice = with_time(desk, once, authority, OTHER_SERIAL, x_pt=200.0, at=NOW + timedelta(hours=1))

    assert once.startswith(base)
    for document in (once, twice):
        said = judge.judge(document)
        assert said.is_genuine, said
    assert [indication for indication, _at in pyhanko_ades(twice, judge.trust)] == ["PASSED", "PASSED"]


def test_where_no_authority_is_believed_an_honest_time_stamp_costs_nothing(
    desk: Desk, letter: bytes, authority: Authority
) -> None:
    said = desk.judge(with_time(desk, letter, authority))

    assert said.indication is Indication.PASSED
    assert said.findings == ("time_stamp_not_checked",)


@pytest.mark.parametrize(
    ("script", "indication", "reason"),
    [
        (Script(message_digest=lambda _digest: bytes(32)), Indication.FAILED, "time_stamp_invalid"),
        (
            Script(signature=lambda made: made[:-1] + bytes([made[-1] ^ 1])),
            Indication.FAILED,
            "time_stamp_invalid",
        ),
        (Script(ahead=timedelta(days=3)), Indication.INDETERMINATE, "time_stamp_from_the_future"),
    ],
)
@pytest.mark.parametrize("believed", [True, False])
def test_a_time_stamp_of_other_bytes_or_from_the_future_is_never_accepted(
    desk: Desk,
    letter: bytes,
    authority: Authority,
    script: Script,
    indication: Indication,
    reason: str,
    *,
    believed: bool,
) -> None:
    authority.script = script
    document = with_time(desk, letter, authority)

    said = (believing(desk, authority) if believed else desk).judge(document)

    assert (said.indication, said.reasons) == (indication, (reason,))


def test_a_time_stamp_of_an_unknown_authority_is_not_believed(
    desk: Desk, letter: bytes, authority: Authority
) -> None:
    stranger = Authority.found(NOW - timedelta(days=30))

    said = believing(desk, authority).judge(with_time(desk, letter, stranger))

    assert (said.indication, said.reasons) == (Indication.INDETERMINATE, ("time_stamp_untrusted",))


def test_a_second_unsigned_attribute_is_an_alteration(
    desk: Desk, letter: bytes, authority: Authority
) -> None:
    document = with_time(desk, letter, authority)
    start = document.index(b"<30", document.index(b"/Contents <30"))
    end = document.index(b">", start)
    value = bytes.fromhex(document[start + 1 : end].decode()).rstrip(b"\0")
    doubled = with_second_attribute(value).hex().ljust(end - start - 1, "0").encode()

    said = believing(desk, authority).judge(document[: start + 1] + doubled + document[end:])

    assert (said.indication, said.reasons) == (Indication.FAILED, ("seal_altered",))


def test_pdfsig_and_qpdf_agree(
    desk: Desk, letter: bytes, authority: Authority, oracle: Callable[[str], str], tmp_path: Path
) -> None:
    once = with_time(desk, letter, authority)
    file = tmp_path / "stamped.pdf"
    file.write_bytes(with_time(desk, once, authority, OTHER_SERIAL, x_pt=200.0))

    said = subprocess.run([oracle("pdfsig"), "-nocert", file], capture_output=True, text=True, check=True)
    checked = subprocess.run([oracle("qpdf"), "--check", file], capture_output=True, text=True, check=False)

    assert said.stdout.count("Signature is Valid") == 2, said.stdout
    assert (checked.returncode, checked.stderr) == (0, "")


def with_second_attribute(value: bytes) -> bytes:
    """A stamped seal with its unsigned attribute twice."""
    kind, wrapped = (element for _tag, element in elements(inner(value)))
    *head, signers = (element for _tag, element in elements(inner(inner(wrapped))))
    *signer, unsigned = (element for _tag, element in elements(inner(inner(signers))))
    twice = tlv(SEQUENCE, *signer, tlv(unsigned[0], inner(unsigned), inner(unsigned)))
    return tlv(SEQUENCE, kind, tlv(wrapped[0], tlv(SEQUENCE, *head, tlv(SET, twice))))
