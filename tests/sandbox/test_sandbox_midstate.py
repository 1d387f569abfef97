"""What the engine says of a document that stays at home is the same inside the sandbox and outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.midstate import decoded, encoded, midstate_of, page_box_of
from bubuh.pdf.refusals import MidstateUnsupported
from bubuh.pdf.seal.pki import development_pki
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.sandbox.calls import (
    PLAN_MIDSTATE,
    TRY_MIDSTATE,
    PlanArguments,
    TryMidstateArguments,
    covers_unseen,
)
from tests.sandbox.test_sandbox_pdf import INTENT, NOW, STRANGE, letter

LETTER = letter()
MIDSTATE = midstate_of(LETTER, 1)
CHAIN = development_pki(NOW).chain("test")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SyncSandbox]:
    with Sandbox.open_sync() as sandbox:
        yield sandbox


def test_midstate_page_and_plan_come_out_as_they_do_outside(sandbox: SyncSandbox) -> None:
    told = sandbox.tell_midstate(LETTER, 1)
    assert (told, decoded(told)) == (encoded(MIDSTATE), MIDSTATE)
    box = sandbox.call(TRY_MIDSTATE, TryMidstateArguments(page=1), told)
    assert box == page_box_of(MIDSTATE, 1)
    intent = replace(INTENT, content_unseen=True)
    planned = sandbox.call(PLAN_MIDSTATE, PlanArguments(intent=intent, chain=CHAIN), told)
    assert planned == plan_lean(LETTER, intent, CHAIN)


@pytest.mark.parametrize("strange", [*STRANGE, b"{}", b"[]", b'{"state":1}', b"[" * 100_000])
def test_what_is_no_midstate_is_refused(sandbox: SyncSandbox, strange: bytes) -> None:
    with pytest.raises(MidstateUnsupported):
        sandbox.call(TRY_MIDSTATE, TryMidstateArguments(page=1), strange)


def test_a_plan_with_a_digest_over_something_else_is_not_believed() -> None:
    planned = plan_lean(LETTER, INTENT, CHAIN)
    assert covers_unseen(planned, encoded(MIDSTATE))
    assert not covers_unseen(replace(planned, pre=planned.pre + b" "), encoded(MIDSTATE))
    assert not covers_unseen(planned, encoded(midstate_of(LETTER + b"\n", 1)))
