"""Commands in the tests' own process, as `bubuh` ends them: one of its own loads for a second each time."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from bubuh.cli import main


def bubuh_here(*words: str) -> subprocess.CompletedProcess[str]:
    """What `bubuh` with these words says, and the code that it ends with."""
    code = 0
    with (
        patch.object(sys, "argv", ["bubuh", *words]),
        redirect_stdout(io.StringIO()) as said,
        redirect_stderr(io.StringIO()) as aside,
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(words, code, said.getvalue(), aside.getvalue())
