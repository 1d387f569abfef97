"""A stamp on a document that stayed at home says so; the checker looks at what nobody looked at before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.midstate import Midstate, midstate_of, plan_midstate
from bubuh.pdf.model import Indication, Trust
from bubuh.pdf.refusals import MidstateUnsupported
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import sign
from bubuh.pdf.seal.sha256 import state_of
from tests.pdf.conftest import DATA, OTHER_SERIAL, SERIAL, Desk
from tests.pdf.forgeries import javascript, other_content


def affixed(desk: Desk, document: bytes, midstate: Midstate, serial_no: str = SERIAL) -> bytes:
    """`document` and the increment that a service makes that was told `midstate` of it."""
    intent = replace(desk.intent(serial_no), content_unseen=True)
    increment = plan_midstate(midstate, intent, desk.chain)
    signature = sign(desk.key, signed_attributes(increment.digest, desk.chain))
    return document + increment.sealed(signed_data(increment.digest, signature, desk.chain))


@pytest.fixture
def unseen(desk: Desk, letter: bytes) -> bytes:
    return affixed(desk, letter, midstate_of(letter, 1))


def test_it_is_the_stamp_that_an_upload_gets_for_the_same_intent(desk: Desk, letter: bytes) -> None:
    intent = replace(desk.intent(), content_unseen=True)
    assert plan_midstate(midstate_of(letter, 1), intent, desk.chain) == plan_lean(letter, intent, desk.chain)


def test_every_sample_is_stamped_and_genuine_or_left_to_be_uploaded(desk: Desk, sample: bytes) -> None:
    try:
        midstate = midstate_of(sample, 1)
    except MidstateUnsupported:
        assert b"/Encrypt" in sample
        return
    said = desk.judge(affixed(desk, sample, midstate))
    assert said.is_genuine, said
    assert "content_unseen" in said.findings


def test_it_is_genuine_and_says_that_nobody_looked(desk: Desk, unseen: bytes) -> None:
    assert judge_lean(unseen, desk.trust) is None  # left to who reads the whole document
    said = desk.judge(unseen)
    assert said.is_genuine, said
    assert said.findings == ("content_unseen",)
    assert "content_unseen" not in desk.judge(desk.affix(unseen[: unseen.index(b"%%EOF") + 6])).findings


def test_others_find_it_in_order(
    desk: Desk,
    unseen: bytes,
    qpdf_complaints: Callable[[bytes], str],
    pdfsig_words: Callable[[bytes], list[str]],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
) -> None:
    assert qpdf_complaints(unseen) == ""
    assert pdfsig_words(unseen) == ["Signature is Valid."]
    assert pyhanko_words(unseen, desk.trust) == {f"Stamp_{SERIAL}": True}


def test_a_further_stamp_may_follow_whether_seen_or_not(desk: Desk, unseen: bytes) -> None:
    for both in (
        desk.affix(unseen, OTHER_SERIAL, x_pt=200),
        affixed(desk, unseen, midstate_of(unseen, 1), OTHER_SERIAL),
    ):
        said = desk.judge(both)
        assert said.is_genuine, said
        assert "content_unseen" in said.findings


def test_what_intake_refuses_is_never_genuine(desk: Desk, letter: bytes) -> None:
    active = javascript(letter)
    said = desk.judge(affixed(desk, active, midstate_of(active, 1)))
    assert said.indication is Indication.INDETERMINATE
    assert said.reasons == ("content_refused", "javascript")


def test_what_changes_after_it_is_found(desk: Desk, unseen: bytes) -> None:
    said = desk.judge(other_content(unseen))
    assert said.indication is Indication.FAILED
    assert "changed_after_stamp" in said.reasons


LETTER = (DATA / "surat-lamaran.pdf").read_bytes()
TRUE = midstate_of(LETTER, 1)


def told(kind: bytes, old: bytes, new: bytes) -> Midstate:
    """The truth, but for one object that has `kind` in it."""
    (ref,) = (ref for ref, written in TRUE.objects.items() if kind in written.split())
    written = TRUE.objects[ref]
    assert old in written
    return replace(TRUE, objects={**TRUE.objects, ref: written.replace(old, new, 1)})


#: Pieces that are well formed, and not of the document whose hash they come with.
LIES = {
    "a page that turns": told(b"/Page", b"/Rotate 0", b"/Rotate 180"),
    "another content": told(b"/Page", b"/Contents", b"/Contents null /Was"),
    "a catalog that acts": told(b"/Catalog", b"/Type", b"/OpenAction << /S /Named /N /Print >> /Type"),
    "numbers that are in use": replace(TRUE, xref=TRUE.xref._replace(highest=10)),
    "another section": replace(TRUE, xref=TRUE.xref._replace(start=TRUE.xref.start - 1)),
    "another hash": replace(TRUE, hashed=state_of(LETTER[:-1] + b"\0")),
}


@pytest.mark.parametrize("lie", LIES)
def test_who_lies_about_the_document_gets_nothing_genuine(desk: Desk, lie: str) -> None:
    said = desk.judge(affixed(desk, LETTER, LIES[lie]))
    assert not said.is_genuine, said
