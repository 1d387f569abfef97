"""What a program reads from a command is its answer."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
from bubuh import cli
cli._load("bubuh.cli.quota")
import structlog
structlog.get_logger().info("breach_gone")
print("{}")
"""


def test_what_a_command_logs_is_not_in_its_answer() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "{}\n"
    assert "breach_gone" in done.stderr
