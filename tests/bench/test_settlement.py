"""The settlement bench: files of the size that was asked for, and all that is wrong in them is found."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.service
@pytest.mark.long
def test_a_small_month_is_made_matched_and_found_to_be_as_wrong_as_it_was_made() -> None:
    command = [sys.executable, "-m", "bubuh", "bench", "settlement", "--lines", "1000", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["lines"], told["is_right"]) == (1_000, True)
    assert told["found"] == dict.fromkeys(told["planted"], 1)
    assert len(told["found"]) == 5
    assert told["refund_lines"] > 40
