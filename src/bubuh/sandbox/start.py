"""From a command line to a serving zygote: the one way in, for our jobs and for a test's."""

from __future__ import annotations

import argparse
import socket

from bubuh.sandbox.child import Jobs
from bubuh.sandbox.limits import FOR_ONE_FILE, LONG, Life, Limits
from bubuh.sandbox.zygote import serve


def start(
    jobs: Jobs,
    *,
    limits: Limits = FOR_ONE_FILE,
    life: Life = LONG,
    kept: frozenset[int] = frozenset(),
) -> None:
    """Serve `jobs` on the inherited socket `--line`, as user `--uid` where given, until its owner is gone.

    Whoever calls has imported all that the jobs need (`core.privileges.preload`). Which jobs there are is
    decided by the program that was started, never by its arguments or its line.
    """
    parser = argparse.ArgumentParser(description="internal: opens documents for its parent process")
    parser.add_argument("--line", type=int, required=True)
    parser.add_argument("--uid", type=int)
    asked = parser.parse_args()
    with socket.socket(fileno=asked.line) as line:
        serve(jobs, line=line, uid=asked.uid, limits=limits, life=life, kept=kept)
