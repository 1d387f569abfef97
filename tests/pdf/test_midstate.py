"""A stamp planned without its document is, to the byte, the one that the whole document gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.pieces import MOST_PIECES
from bubuh.pdf.midstate import MOST_BYTES, Midstate, as_json, from_json, midstate_of, plan_midstate
from bubuh.pdf.refusals import MidstateUnsupported, OutsidePage
from bubuh.pdf.seal.sha256 import HashState
from tests.pdf.conftest import DATA, OTHER_SERIAL, Desk

LETTER = (DATA / "surat-lamaran.pdf").read_bytes()
MIDSTATE = midstate_of(LETTER, 1)
PIECES = [
    b"<<",
    b">>",
    b"[",
    b"]",
    b"/Type",
    b"/Page",
    b"/Kids",
    b"/Annots",
    b" ",
    b"3 0 R",
    b"(",
    b")",
    b"%",
]


def test_it_is_the_stamp_of_the_whole_document(desk: Desk, sample: bytes) -> None:
    for document in (sample, _stamped(sample, desk)):
        try:
            midstate = midstate_of(document, 1)
        except MidstateUnsupported:
            assert b"/Encrypt" in document
            continue
        intent = desk.intent(OTHER_SERIAL, x_pt=140)
        assert plan_midstate(midstate, intent, desk.chain) == plan_lean(document, intent, desk.chain)


@pytest.mark.parametrize("page", [1, 2, 7, 40])
def test_on_any_page_of_long_documents(desk: Desk, sheet: Callable[..., bytes], page: int) -> None:
    for saving in ({"linearize": True}, {"object_stream_mode": 2}, {}):
        document = sheet(pages=40, **saving)
        intent = desk.intent(page=page)
        assert plan_midstate(midstate_of(document, page), intent, desk.chain) == plan_lean(
            document, intent, desk.chain
        )


def test_it_travels_as_json(sample: bytes) -> None:
    if b"/Encrypt" not in sample:
        midstate = midstate_of(sample, 1)
        assert from_json(json.loads(json.dumps(as_json(midstate)))) == midstate


@pytest.mark.parametrize(
    "change",
    [
        {"state": "00"},
        {"state": 5},
        {"length": "12"},
        {"length": True},
        {"tail": "!"},
        {"objects": []},
        {"objects": {"1": ""}},
        {"objects": {"1 0": 7}},
        {"objects": {"-1 0": ""}},
        {"xref": None},
        {"xref": {}},
    ],
)
def test_json_of_another_shape_is_refused(change: dict[str, object]) -> None:
    for told in ({**as_json(MIDSTATE), **change}, [change], {}):
        with pytest.raises(MidstateUnsupported):
            from_json(told)


def test_the_content_stays_at_home() -> None:
    assert sum(map(len, MIDSTATE.objects.values())) < 2000
    assert all(b"stream" not in written for written in MIDSTATE.objects.values())


def test_a_face_outside_the_page_is_refused_as_ever(desk: Desk) -> None:
    with pytest.raises(OutsidePage):
        plan_midstate(MIDSTATE, desk.intent(x_pt=9000), desk.chain)


@pytest.mark.parametrize(
    "lie",
    [
        {"objects": {}},
        {"objects": {**MIDSTATE.objects, (9_999, 0): b"<< >>"}},
        {"objects": {**MIDSTATE.objects, (min(MIDSTATE.objects)[0], 1): b"<< >>"}},
        {"objects": {ref: written + b" endobj" for ref, written in MIDSTATE.objects.items()}},
        {"objects": {ref: written + written for ref, written in MIDSTATE.objects.items()}},
        {"objects": {ref: b" " + written for ref, written in MIDSTATE.objects.items()}},
        {"objects": {(number, 0): b"<< >>" for number in range(1, MOST_PIECES + 2)}},
        {"objects": dict.fromkeys(MIDSTATE.objects, b"[" + b" " * 300_000 + b"]")},
        {"xref": MIDSTATE.xref._replace(root=b"1 0 R >> /Encrypt 5 0 R")},
        {"xref": MIDSTATE.xref._replace(info=b"(x)")},
        {"xref": MIDSTATE.xref._replace(first_id=b"<00> <00>] /Prev 0")},
        {"xref": MIDSTATE.xref._replace(start=len(LETTER))},
        {"xref": MIDSTATE.xref._replace(highest=10**9)},
        {"hashed": HashState(state=bytes(32), length=MOST_BYTES + 64, tail=b"")},
    ],
)
def test_what_does_not_fit_is_refused(desk: Desk, lie: dict[str, object]) -> None:
    with pytest.raises(MidstateUnsupported):
        plan_midstate(replace(MIDSTATE, **lie), desk.intent(), desk.chain)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(MIDSTATE.objects)),
        st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join),
        min_size=1,
    ),
    st.binary(max_size=30),
)
def test_hostile_pieces_give_a_refusal_or_a_plan(
    desk: Desk, pieces: dict[tuple[int, int], bytes], first_id: bytes
) -> None:
    xref = MIDSTATE.xref._replace(first_id=first_id)
    hostile = Midstate(hashed=MIDSTATE.hashed, objects={**MIDSTATE.objects, **pieces}, xref=xref)
    try:
        increment = plan_midstate(hostile, desk.intent(), desk.chain)
    except Refusal:
        return
    assert len(increment.digest) == 32


def _stamped(document: bytes, desk: Desk) -> bytes:
    return desk.affix(document)
