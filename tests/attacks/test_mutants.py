"""No random change makes a genuine document into another genuine one; and every genuine one is called so."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.attacks.genuine import SEED, Genuine, genuine
from tests.attacks.mutate import mutated

FILES, MUTANTS_EACH = 40, 50  #: in the gate: 2,000 mutants
LONG_FILES, LONG_MUTANTS_EACH = 200, 250
PARTS, LONG_PARTS = 8, 40
GENUINE, LONG_GENUINE = 200, 2000


def part(count: int, parts: int, which: int) -> range:
    return range(which, count, parts)


def survivors(number: int, mutants: int, folder: Path) -> list[str]:
    """The mutants of one document that are called genuine, kept in `folder` to be looked at.

    Not those that are what was stamped: an earlier state, or the other document, whose end may fit ours.
    """
    victim, other = genuine(number), genuine(number + 1)
    assert victim.desk.judge(victim.document).is_genuine, _told(number, victim)
    stamped = {*victim.earlier, *other.earlier, other.document}
    found = []
    for index in range(mutants):
        made = mutated(victim.document, random.Random(f"{SEED} mutant {number} {index}"), other.document)
        if made not in stamped and victim.desk.judge(made).is_genuine:
            path = folder / f"{number}-{index}.pdf"
            path.write_bytes(made)
            found.append(f"{path}: {_told(number, victim)}, mutant {index}")
    return found


def _told(number: int, document: Genuine) -> str:
    return f"BUBUH_SEED={SEED}, document {number}: {document.what}"


@pytest.mark.parametrize("which", range(PARTS))
def test_mutants_are_never_genuine(which: int, tmp_path: Path) -> None:
    for number in part(FILES, PARTS, which):
        assert survivors(number, MUTANTS_EACH, tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("which", range(LONG_PARTS))
def test_fifty_thousand_mutants_are_never_genuine(which: int, tmp_path: Path) -> None:
    for number in part(LONG_FILES, LONG_PARTS, which):
        assert survivors(1000 + number, LONG_MUTANTS_EACH, tmp_path) == []


@pytest.mark.parametrize("which", range(PARTS))
def test_genuine_documents_are_genuine(which: int) -> None:
    for number in part(GENUINE, PARTS, which):
        made = genuine(10_000 + number)
        assert made.desk.judge(made.document).is_genuine, _told(number, made)


@pytest.mark.long
@pytest.mark.parametrize("which", range(LONG_PARTS))
def test_two_thousand_genuine_documents_are_genuine(which: int) -> None:
    for number in part(LONG_GENUINE, LONG_PARTS, which):
        made = genuine(20_000 + number)
        assert made.desk.judge(made.document).is_genuine, _told(number, made)
