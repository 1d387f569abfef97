"""Every file of the corpus ends stamped or refused with a code; nothing else comes out of the engine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pdf.conftest import Desk
from tests.pdf.corpus import inspect_all, stamp_all

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
A_FEW = 60


@pytest.fixture
def corpus() -> list[Path]:
    found = sorted(CORPUS.glob("*/**/*.pdf"))
    if not found:
        pytest.skip(f"THE CORPUS {CORPUS} IS ABSENT: no file of others was stamped")
    return found


@pytest.mark.oracle
def test_a_few_files_of_the_corpus_end_stamped_or_refused(
    desk: Desk, corpus: list[Path], oracle: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    oracle("qpdf")
    judge_all(corpus[:: max(1, len(corpus) // A_FEW)][:A_FEW], desk, capsys)


@pytest.mark.long
@pytest.mark.oracle
def test_every_file_of_the_corpus_ends_stamped_or_refused(
    desk: Desk, corpus: list[Path], oracle: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    oracle("qpdf")
    judge_all(corpus, desk, capsys)


@pytest.mark.long
def test_inspection_names_what_it_refuses_and_flags(
    corpus: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What may act is refused in few files of others, though a tenth of them has something that could."""
    counts = inspect_all(corpus)
    with capsys.disabled():
        told = "".join(f"  {count:4} {code}\n" for code, count in counts.most_common())
        sys.stdout.write(f"\ncorpus: {len(corpus)} files inspected\n{told}")
    assert counts["passed"] + sum(n for code, n in counts.items() if code.startswith("refused:")) == len(
        corpus
    )
    active = ("javascript", "launch", "acts_alone", "embedded_program", "external_content", "hidden_content")
    assert sum(counts[f"refused:{code}"] for code in active) < len(corpus) / 20


def judge_all(paths: list[Path], desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    counts, faults = stamp_all(paths, desk)
    with capsys.disabled():
        sys.stdout.write(f"\ncorpus: {len(paths)} files: {dict(counts.most_common())}\n")
    assert not faults
    assert counts["stamped"] > len(paths) / 2
