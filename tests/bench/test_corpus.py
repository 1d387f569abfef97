"""The table of a corpus: each file ends in one way, and the shares are of what they say."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime

import pikepdf
import pytest

from bubuh.bench.corpus import Outcome, Report, measure_corpus
from bubuh.pdf.model import Tier
from tests.pdf.conftest import DATA
from tests.pdf.damage import wrong_startxref
from tests.pdf.locked import locked_with_strings_in_streams

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("good", "bad"):
        (folder / name).mkdir()
    shutil.copy(DATA / "surat-lamaran.pdf", folder / "good" / "lean.pdf")
    (folder / "good" / "library.PDF").write_bytes(locked_with_strings_in_streams())
    (folder / "bad" / "damaged.pdf").write_bytes(wrong_startxref((DATA / "surat-lamaran.pdf").read_bytes()))
    (folder / "bad" / "no.pdf").write_bytes(b"no document at all")
    locked = io.BytesIO()
    with pikepdf.open(DATA / "surat-lamaran.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="rahasia", owner="pemilik"))
    (folder / "bad" / "locked.pdf").write_bytes(locked.getvalue())
    shares: list[float] = []
    found = measure_corpus(folder, now=NOW, jobs=2, told=shares.append)
    assert shares[-1] == 1
    return found


def test_each_file_ends_in_one_way(report: Report) -> None:
    ends = {outcome.file: (outcome.tier, outcome.reason, outcome.pages) for outcome in report.outcomes}

    assert ends == {
        "bad/damaged.pdf": (Tier.T3, None, 1),
        "bad/locked.pdf": (None, "encrypted", None),
        "bad/no.pdf": (None, "not_a_pdf", None),
        "good/lean.pdf": (Tier.T1, None, 1),
        "good/library.PDF": (Tier.T2, None, 1),
    }


def test_the_shares_are_of_what_they_say(report: Report) -> None:
    facts = report.facts()

    rows = {row["set"]: row for row in facts["rows"]}  # type: ignore[attr-defined]
    assert list(rows) == ["bad", "good", "all"]
    assert (rows["all"]["files"], rows["all"]["refused"]) == (5, 2)
    assert (rows["all"]["lean_planned"], rows["all"]["lean_share"]) == (1, 0.2)
    assert (rows["all"]["opened"], rows["all"]["opened_served"], rows["all"]["served_share"]) == (3, 3, 1.0)
    assert facts["refused"] == {"encrypted": 1, "not_a_pdf": 1}


def test_what_no_renderer_opens_or_is_locked_does_not_count() -> None:
    def outcome(reason: str | None, pages: int | None) -> Outcome:
        return Outcome(file="a/b.pdf", tier=None, reason=reason, pages=pages, lean="planned")

    assert outcome("damaged", 1).counts
    assert not outcome("damaged", None).counts
    assert not outcome("encrypted", 1).counts
    assert not outcome("xfa", 1).counts
