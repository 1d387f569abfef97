"""The fuzzer's targets hold for documents, for some thousand broken ones, and for whatever was found once."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from tests.attacks.genuine import SEED
from tests.attacks.mutate import mutated
from tests.fuzz.targets import TARGETS, judging, seeds

MUTANTS = 40


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_documents_and_their_mutants(name: str) -> None:
    chance = random.Random(f"{SEED} {name}")
    for seed in seeds():
        TARGETS[name](seed)
    for _ in range(MUTANTS):
        TARGETS[name](mutated(chance.choice(seeds()), chance, chance.choice(seeds())))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=2000))
def test_a_target_holds_for_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)
    TARGETS[name](b"%PDF-1.7\n" + data + b"\nstartxref\n9\n%%EOF\n")


def test_a_target_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that believes everything is found out."""
    from bubuh.pdf.model import Indication, Judgement
    from tests.fuzz import targets

    monkeypatch.setattr(targets, "judge", lambda *_: Judgement(indication=Indication.PASSED))
    with pytest.raises(AssertionError, match="forgery"):
        judging(seeds()[0][:-1])
