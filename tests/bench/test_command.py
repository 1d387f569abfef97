from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from bubuh.bench.files import FILES
from bubuh.bench.rows import KEYS
from bubuh.bench.stamp import Report
from bubuh.cli import app
from bubuh.cli.bench import show_report

Files = dict[str, Callable[[], bytes]]


def test_the_command_is_there_and_says_what_it_does() -> None:
    told = CliRunner().invoke(app, ["bench", "stamp", "--help"])
    assert told.exit_code == 0, told.output
    assert "--seconds" in told.output
    assert "--json" in told.output


@pytest.mark.long
def test_the_command_prints_one_object_with_every_row() -> None:
    done = CliRunner().invoke(app, ["bench", "stamp", "--json", "--seconds", "0.1"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert {(row["file"], row["key"]) for row in facts["rows"]} == {
        (file, key) for file in FILES for key in KEYS
    }


def test_people_see_a_line_for_each_row_and_no_cell_is_cut(
    report: Report, measured: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    show_report(report)
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if line.startswith(tuple(FILES))]
    assert len(lines) == len(measured) * len(KEYS)
    assert "…" not in said
    assert f"{report.rows[0].times_floor:.2f}" in lines[0]


def test_round_trips_are_told_for_each_file() -> None:
    done = CliRunner().invoke(app, ["bench", "inspect", "--json", "--rounds", "2"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["rows"]
    assert [row["file"] for row in found] == list(FILES)
    assert all(row[f"{way}_ms"] > 0 for row in found for way in ("here", "shared", "alone"))
