"""The drill itself, as an operator runs it, and what it does with what it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from bubuh.cli.drill import show_chaos
from bubuh.drill.chaos import Recovery, Report, quantile
from bubuh.drill.faults import Done
from bubuh.drill.history import Finding, Kind
from bubuh.drill.letter import letter
from bubuh.pdf.intake.inspection import inspect


def drill(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bubuh", "drill", "chaos", "--json", *options],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.service
def test_a_short_drill_loses_nothing() -> None:
    done = drill("--seed", "7", "--seconds", "12", "--users", "4")
    told = json.loads(done.stdout)
    assert done.returncode == 0, (told, done.stderr)
    assert told["seed"] == 7
    assert (
        told["lost"] == told["doubled"] == told["unresolved"] == told["backward"] == told["unbalanced"] == 0
    )
    assert told["acknowledged"] > 20
    assert told["kills"] >= 1
    assert told["recovery_p99_s"] > 0
    assert "500" not in told["statuses"]


@pytest.mark.service
@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 23, 42])
def test_a_long_drill_loses_nothing(seed: int) -> None:
    done = drill("--seed", str(seed), "--seconds", "120", "--users", "24")
    told = json.loads(done.stdout)
    assert done.returncode == 0, (told, done.stderr)
    assert told["acknowledged"] > 500
    assert told["kills"] >= 20


def report(*findings: Finding) -> Report:
    kill, pause = Done("kill", "worker", 1.0), Done("pause", "web", 2.0)
    return Report(
        seed=3,
        seconds=1.0,
        users=1,
        acknowledged=9,
        affixed=2,
        returned=0,
        faults=[kill, pause],
        recoveries=[Recovery(kill, 0.5), Recovery(pause, None)],
        statuses=Counter({200: 4}),
        unanswered=1,
        findings=findings,
    )


def test_any_finding_makes_a_drill_fail_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lost = report(Finding(kind=Kind.LOST, subject="stm_1", words="acknowledged, and there 0 times"))
    show_chaos(lost)
    shown = capsys.readouterr().out
    assert not lost.is_clean
    assert (lost.facts()["lost"], lost.facts()["doubled"]) == (1, 0)
    assert "stm_1: acknowledged, and there 0 times" in shown
    assert "seed 3" in shown


def test_a_clean_drill_says_how_long_faults_were_felt(capsys: pytest.CaptureFixture[str]) -> None:
    clean = report()
    show_chaos(clean)
    assert clean.is_clean
    assert clean.facts()["recovery_p99_s"] == 0.5
    assert "lost 0" in capsys.readouterr().out


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([], 0.5) is None
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert quantile([float(no) for no in range(1, 101)], 0.99) == 99.0


def test_the_drills_letter_is_a_document_that_the_service_takes() -> None:
    facts = inspect(letter("warga-1 1"))
    assert facts.pages == 1
    assert letter("warga-1 1") != letter("warga-1 2")
