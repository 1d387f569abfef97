"""The drill itself, as an operator runs it, and what it does with what it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from bubuh.cli.drill import show_chaos
from bubuh.drill.chaos import Recovery, Report, quantile, recoveries
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
    assert (told["recovery_p99_s"] or told["recovery_overlapping_p99_s"]) > 0
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
        recoveries=[Recovery(kill, 0.5, is_alone=True), Recovery(pause, None, is_alone=False)],
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


def test_a_fault_is_felt_from_its_end_until_a_stamp_asked_for_since_is_known_to_be_affixed() -> None:
    kill, pause = Done("kill", "web", 10.0), Done("pause", "worker", 20.0, seconds=5.0)
    asked_before, in_the_pause, after = (9.0, 11.0), (10.5, 14.0), (26.0, 27.0)

    felt = recoveries([kill, pause], [asked_before, in_the_pause, after])

    assert [(one.seconds, one.is_alone) for one in felt] == [(4.0, True), (2.0, True)]


@pytest.mark.parametrize(
    "second",
    [Done("kill", "web", 13.0), Done("pause", "web", 9.0, seconds=1.5), Done("kill", "web", 40.0)],
    ids=["before the first is overcome", "under way when the first comes", "after a first never overcome"],
)
def test_faults_that_meet_are_not_measured_as_if_they_stood_alone(second: Done) -> None:
    first = Done("kill", "worker", 10.0)
    affixed = [] if second.at == 40.0 else [(11.0, 14.0), (15.0, 16.0)]

    assert not any(one.is_alone for one in recoveries([first, second], affixed))


def test_a_report_tells_recovery_for_each_process_that_was_killed_alone() -> None:
    faults = [Done("kill", "web", 0.0), Done("kill", "web", 10.0), Done("kill", "worker", 20.0)]
    told = replace(report(), recoveries=recoveries(faults, [(0.5, 1.0), (11.0, 13.0), (21.0, 24.0)])).facts()
    assert told["recovery"] == {
        "web": {"kills": 2, "p50_s": 1.0, "max_s": 3.0},
        "worker": {"kills": 1, "p50_s": 4.0, "max_s": 4.0},
    }
    assert told["recovery_p99_s"] == 4.0


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([], 0.5) is None
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert quantile([float(no) for no in range(1, 101)], 0.99) == 99.0


def test_the_drills_letter_is_a_document_that_the_service_takes() -> None:
    facts = inspect(letter("warga-1 1"))
    assert facts.pages == 1
    assert letter("warga-1 1") != letter("warga-1 2")
