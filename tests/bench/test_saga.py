"""The bench of the whole service says what it promises to say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.service


def test_a_report_has_rate_waits_and_shares() -> None:
    command = [sys.executable, "-m", "bubuh", "bench", "saga", "--seconds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["stamps_per_s"] > 0
    assert 0 < report["p50_ms"] <= report["p99_ms"]
    assert 0 < report["ledger_cpu_share"] < report["database_cpu_share"] < 1
