"""The surge drill: its profile, its people's arithmetic, and a short one over a whole service."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bubuh.cli import app
from bubuh.drill.history import Finding, Kind
from bubuh.drill.surge.devices import Seen
from bubuh.drill.surge.page import page_of
from bubuh.drill.surge.probes import CHANNELS, Probed
from bubuh.drill.surge.profile import Profile, read_profile
from bubuh.drill.surge.report import Report, Round, Second
from bubuh.drill.surge.visit import Visits

SHORT = """
admitted_per_s = 0.5
times = 20.0
calm_s = 2.0
surge_s = 12.0
rounds = 1
hostile = 0.3
shape = [1.0, 3.0]
poll_s = [1.0, 2.0]
"""


def test_a_profile_is_what_its_file_says_and_the_usual_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    path.write_text(SHORT)
    profile = read_profile(path)
    assert (profile.times, profile.shape, profile.junk) == (20.0, (1.0, 3.0), Profile().junk)
    assert profile.calm_per_s == pytest.approx(2.5)  # one of five is not junk
    assert profile.people >= 0.5 * (2 + 12 + profile.window_s)


@pytest.mark.parametrize(
    "text",
    [
        "junk = 1.5",
        "shape = []",
        "poll_s = [9.0, 2.0]",
        "rounds = 0",
        "speed = 1",
        "not toml",
        "junk = 'all'",
    ],
)
def test_a_profile_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        read_profile(path)
    ended = CliRunner().invoke(app, ["drill", "surge", "--json", "--profile", str(path)])
    assert (ended.exit_code, ended.stdout) == (2, "")


def probed(times_s: dict[str, float]) -> Probed:
    return Probed(took_s={name: [times_s.get(name, 0.1)] * 10 for name in CHANNELS})


def report(visits: Visits, *, surge_s: float = 0.1, findings: tuple[Finding, ...] = ()) -> Report:
    """Two rounds of ten seconds; in the second everything takes `surge_s` for strangers."""
    calm = Round(is_surge=False, began_s=100.0, ended_s=110.0, entered=10, probed=probed({}))
    hard = dict.fromkeys(CHANNELS, surge_s)
    surge = Round(
        is_surge=True, began_s=110.0, ended_s=120.0, entered=len(visits.entered), probed=probed(hard)
    )
    return Report(
        seed=1,
        profile=Profile(admitted_per_s=1.0),
        cores=2,
        begun_s=100.0,
        devices=Seen(),
        visits=visits,
        rounds=[calm, surge],
        seconds=[
            Second(at_s=at, is_surge=at >= 10, issued=9, serving=3, entered=at, refused=0, cpu={"web": 0.5})
            for at in range(20)
        ],
        cpu_s={"drill": 4.0, "web": 10.0},
        findings=findings,
    )


def good() -> Visits:
    return Visits(entered=[111.0] * 9, buy_s=[(112.0, 0.3)] * 9, stamp_s=[(113.0, 1.9)] * 9)


def test_every_promise_is_held_against_what_was_seen() -> None:
    assert set(report(good()).reached().values()) == {True}
    assert report(good()).facts()["generator_share"] == 0.1
    slow = good()
    slow.stamp_s.append((113.0, 2.1))
    assert not report(slow).reached()["stamp"]
    calm = good()
    calm.stamp_s.append((105.0, 9.0))  # before the surge
    assert report(calm).reached()["stamp"]
    failed = good()
    failed.statuses = Counter({"200": 5, "503": 1})
    assert not report(failed).reached()["no_5xx"]
    few = good()
    del few.entered[8:]
    assert not report(few).reached()["utilisation"]
    found = Finding(kind=Kind.UNBALANCED, subject="held", words="one")
    assert not report(good(), findings=(found,)).reached()["ledger"]
    hurt = report(good(), surge_s=0.14).reached()
    assert (hurt["others_p50"], hurt["others_p99"]) == (False, True)
    assert not report(good(), surge_s=0.21).reached()["others_p99"]
    assert report(Visits()).reached()["buy"] is None


def test_the_page_shows_promises_and_plots() -> None:
    page = page_of(report(good(), surge_s=0.21))
    assert page.count("<svg") == 6
    assert "<td>others_p99</td><td>missed</td>" in page


def surge(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bubuh", "drill", "surge", "--json", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.service
def test_a_short_surge_leaves_clean_books(tmp_path: Path) -> None:
    profile, page = tmp_path / "short.toml", tmp_path / "surge.html"
    profile.write_text(SHORT)
    ended = surge("--seed", "7", "--profile", str(profile), "--page", str(page))
    assert ended.returncode in {0, 1}, ended.stderr
    facts = json.loads(ended.stdout)
    assert facts["findings"] == []
    assert facts["joined"] > 60  # 10 a second, most of them late
    assert facts["junk"] > facts["joined"] / 2
    assert facts["done"] >= 1
    assert not any(status.startswith("5") for status in facts["statuses"]), facts["statuses"]
    assert facts["words"] >= 0.5 * facts["joined"]  # so few wait that each device says so, once a minute
    assert set(facts["gate_statuses"]) == {"200", "204"}
    assert page.read_text().startswith("<!doctype html>")
