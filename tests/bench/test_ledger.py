"""The bench of the ledger says what it promises to say."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_report_has_each_way_and_its_figures() -> None:
    command = [sys.executable, "-m", "bubuh", "bench", "ledger", "--seconds", "3", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for way in ("batched", "single", "hot_account"):
        rate = report[way]
        assert rate["stamps_per_s"] > 0
        assert 0 < rate["p50_ms"] <= rate["p99_ms"]
    assert report["one_user"].keys() == {"batched_ms", "single_ms"}
    assert report["batched"]["stamps_per_s"] > report["single"]["stamps_per_s"]
    assert report["cpu_us_per_stamp"] > 0
