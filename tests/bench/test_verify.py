"""A short run of the bench of verdicts: what it says is looked at, never how fast it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest
from typer.testing import CliRunner

from bubuh.bench.files import FILES
from bubuh.bench.ours import Engine
from bubuh.bench.rows import KEYS
from bubuh.bench.stamp import fresh_intents
from bubuh.bench.verify import Report, bare, measure_verdicts, usual
from bubuh.cli import app
from bubuh.cli.bench import show_verdicts
from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.model import Trust
from bubuh.pdf.seal.pki import Pki

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
Files = dict[str, Callable[[], bytes]]


@pytest.fixture(scope="module")
def verdicts(measured: Files) -> Report:
    return measure_verdicts(NOW, seconds=0.1, least_rounds=2, files=measured)


def test_all_three_say_yes_to_what_is_measured(
    engine: Engine, pki: Pki, trust_of: Callable[[Pki], Trust]
) -> None:
    (intent,) = islice(fresh_intents(NOW), 1)
    stamped = engine.document + engine.stamp(intent)
    assert judge_lean(stamped, trust_of(pki)) is not None
    assert usual(pki.root_certificate, NOW)(stamped)
    assert bare(engine.key)(stamped)


def test_the_rival_is_asked_in_earnest(engine: Engine, pki: Pki) -> None:
    (intent,) = islice(fresh_intents(NOW), 1)
    stamped = bytearray(engine.document + engine.stamp(intent))
    stamped[len(engine.document) // 2] ^= 1
    with pytest.raises(AssertionError, match="not genuine"):
        usual(pki.root_certificate, NOW)(bytes(stamped))


def test_programs_find_a_whole_row_for_each_file_and_key(verdicts: Report, measured: Files) -> None:
    facts = verdicts.facts()
    assert [(row.file, row.key) for row in verdicts.rows] == [
        (file, key) for key in KEYS for file in measured
    ]
    assert {"rows", "rounds", "python", "cpu", "cores"} <= set(facts)
    for row in verdicts.rows:
        told = row.facts()
        times = [told[f"{way}_ms"] for way in ("ours", "pyhanko", "floor")]
        assert all(isinstance(taken, float) and taken > 0 for taken in times), told
        assert told["times_floor"] == pytest.approx(row.ours.median / row.floor.median, abs=0.001)
        assert told["per_s"] == pytest.approx(1000 / row.ours.median, abs=0.1)


def test_people_see_a_line_for_each_row(
    verdicts: Report, measured: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    show_verdicts(verdicts)
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if line.startswith(tuple(FILES))]
    assert len(lines) == len(measured) * len(KEYS)
    assert "…" not in said


@pytest.mark.long
def test_the_command_prints_one_object() -> None:
    done = CliRunner().invoke(app, ["bench", "verify", "--json", "--seconds", "0.1"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["rows"]) == len(FILES) * len(KEYS)
