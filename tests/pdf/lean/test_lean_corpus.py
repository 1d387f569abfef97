"""The lean engine against the second parser over other people's files: the same objects, or declined."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pikepdf
import pytest

from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.rehearse import rehearse
from tests.pdf.conftest import Desk
from tests.pdf.lean.differences import differences_in

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
A_FEW = 60


@pytest.fixture
def corpus() -> list[Path]:
    found = sorted(CORPUS.glob("*/**/*.pdf"))
    if not found:
        pytest.skip(f"THE CORPUS {CORPUS} IS ABSENT: no file of others was read")
    return found


def test_a_few_files_are_read_as_the_second_parser_reads_them(
    desk: Desk, corpus: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    compare_all(corpus[:: max(1, len(corpus) // A_FEW)][:A_FEW], desk, capsys)


@pytest.mark.long
def test_every_file_is_read_as_the_second_parser_reads_it(
    desk: Desk, corpus: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    compare_all(corpus, desk, capsys)


def compare_all(paths: list[Path], desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = {path: outcome(path, desk) for path in paths}
    counts = Counter(outcomes.values())
    with capsys.disabled():
        sys.stdout.write(f"\nlean: {len(paths)} files: {dict(counts.most_common())}\n")
    assert not {str(path): told for path, told in outcomes.items() if told.startswith("differs")}
    accepted = len(paths) - sum(count for told, count in counts.items() if told.startswith("refused"))
    assert counts["stamped"] > 0.8 * accepted


def outcome(path: Path, desk: Desk) -> str:
    """How one file ends: stamped, declined, refused by inspection, or differing between the parsers."""
    document, intent = path.read_bytes(), desk.intent(x_pt=0, y_pt=0, side_pt=40)
    try:
        inspect(document)
    except Refusal:
        return "refused at inspection"
    try:
        increment = plan_lean(document, intent, desk.chain)
        if found := differences_in(path):
            return f"differs: {found}"
        rehearse(document, increment, intent)
    except Declined as declined:
        return f"declined: {declined.why}"
    except Refusal as refused:
        return f"refused at rehearsal: {refused.details}"
    except pikepdf.PdfError:
        return "refused by the second parser"
    return "stamped"
