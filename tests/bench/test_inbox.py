"""The inbox's bench as it is run, shortly: what was sent is kept, and copies of one notice are one credit."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.service
def test_a_short_run_keeps_what_was_sent_and_credits_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bubuh", "bench", "inbox", "--seconds", "1", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kept"] == told["sent"] > 100
    assert (told["copies"], told["credited_stamps"]) == (1_000, 1)
    assert 0 < told["steady_p50_ms"] <= told["steady_p99_ms"]
