"""The second parser notices each difference between what was planned and what was meant."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pikepdf
import pytest

from bubuh.pdf.model import Increment, Intent
from bubuh.pdf.plan import plan
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.pdf.rehearse import rehearse
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, URL, Desk

Sheet = Callable[..., bytes]


def differs(document: bytes, increment: Increment, intent: Intent) -> object:
    with pytest.raises(DocumentRefused) as refused:
        rehearse(document, increment, intent)
    return refused.value.details.get("differs", refused.value.reason)


def test_what_was_planned_is_what_is_read(desk: Desk, sample: bytes) -> None:
    intent = desk.intent()
    rehearse(sample, plan(sample, intent, desk.chain), intent)


def test_another_serial_number_in_the_intent_is_noticed(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    assert differs(letter, increment, desk.intent(OTHER_SERIAL)) == "field"


def test_another_serial_number_in_the_drawing_is_noticed(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    drawn = f"/ActualText ({SERIAL})".encode()
    assert drawn in increment.pre
    changed = increment.pre.replace(drawn, f"/ActualText ({OTHER_SERIAL})".encode())
    assert differs(letter, replace(increment, pre=changed), desk.intent()) == "serial"


def test_another_code_is_noticed(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    assert differs(letter, increment, replace(desk.intent(), qr_payload=URL + OTHER_SERIAL)) == "qr"


@pytest.mark.parametrize(("x", "y", "side"), [(41.0, 30.0, 80.0), (40.0, 29.0, 80.0), (40.0, 30.0, 81.0)])
def test_another_place_is_noticed(desk: Desk, letter: bytes, x: float, y: float, side: float) -> None:
    increment = plan(letter, desk.intent(x_pt=40.0, y_pt=30.0, side_pt=80.0), desk.chain)
    assert differs(letter, increment, desk.intent(x_pt=x, y_pt=y, side_pt=side)) == "place"


def test_another_page_is_noticed(desk: Desk, sheet: Sheet) -> None:
    document = sheet(pages=2)
    increment = plan(document, desk.intent(page=1), desk.chain)
    assert differs(document, increment, desk.intent(page=2)) in {"page", Reason.DAMAGED}


def test_another_digest_is_noticed(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    assert differs(letter, replace(increment, digest=bytes(32)), desk.intent()) == "digest"


def test_an_increment_for_another_document_is_noticed(desk: Desk, letter: bytes, sheet: Sheet) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    assert differs(sheet(), increment, desk.intent()) is Reason.DAMAGED


def test_a_page_list_that_two_readers_count_differently_is_never_stamped(desk: Desk, sheet: Sheet) -> None:
    """One annotation list shared by two pages would show one stamp twice: it is told by both pages."""

    def share(pdf: pikepdf.Pdf) -> None:
        shared = pdf.make_indirect(pikepdf.Array())
        pdf.pages[0].obj.Annots = shared
        pdf.pages[1].obj.Annots = shared

    document = sheet(pages=2, edit=share)
    assert differs(document, plan(document, desk.intent(), desk.chain), desk.intent()) == "page"


def test_rehearsing_leaves_no_trace(desk: Desk, letter: bytes) -> None:
    increment = plan(letter, desk.intent(), desk.chain)
    before = (letter, increment.pre, increment.post)
    rehearse(letter, increment, desk.intent())
    assert before == (letter, increment.pre, increment.post)
    with pikepdf.open(io.BytesIO(letter + increment.sealed(b""))) as pdf:
        assert len(pdf.pages) == 1
