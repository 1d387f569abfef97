"""What the gate may take, area by area, and what a run took: told at the end of a run of several areas.

The budget is in minutes of a run by two processes on two cores that nobody else uses. A test belongs to the
area with the longest path that its file begins with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import pytest

#: of the gate's 16 minutes; its other 2 are for format, types, imports, SQL and documents
MINUTES: Final[Mapping[str, float]] = {
    "foundation": 2,
    "engine and checker": 2,
    "ledger and faults": 4,
    "payments": 2,
    "site": 2.5,
    "surge": 1.5,
}
_BEGIN: Final[Mapping[str, str]] = {
    "foundation": """
        api audit cli core db docs documents edge identity outbox service wiring worker
    """,
    "engine and checker": """
        attacks bench fuzz pdf sandbox verification
        service/test_levels service/test_rotation service/test_unseen
    """,
    "ledger and faults": """
        bench/test_ledger bench/test_saga drill faults quota service/test_kills simulation stamping
    """,
    "payments": """
        adapters bench/test_inbox drill/test_payments gateway_dev orders payments refunds
        service/test_gateways service/test_mail
    """,
    "site": "service/test_site service/test_stamping web",
    "surge": """
        deadlines drill/test_surge gate lanes outages reminders service/test_brownout
        service/test_room service/test_status status waitingroom
    """,
}
PATHS: Final = {start: area for area, starts in _BEGIN.items() for start in starts.split()}

_FILES_SHOWN: Final = 12

_taken_s: defaultdict[str, float] = defaultdict(float)  # by file


def area_of(path: str) -> str | None:
    """The area of a test's file, as `tests/quota/test_acts.py`; None: it stands in no area."""
    within = path.removeprefix("tests/")
    fitting = [start for start in PATHS if within.startswith(start)]
    return PATHS[max(fitting, key=len)] if fitting else None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _taken_s[report.nodeid.partition("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    areas: defaultdict[str, float] = defaultdict(float)
    for path, taken_s in _taken_s.items():
        areas[area_of(path) or "no area"] += taken_s
    if len(areas) < 2:
        return
    processes = config.getoption("numprocesses", default=None) or 1

    def tell(name: str, taken_s: float, budget: str = "") -> None:
        terminalreporter.write_line(f"{taken_s / processes / 60:6.1f} {budget:>7}  {name}")

    terminalreporter.section("minutes by area, and of the longest files")
    for area, taken_s in sorted(areas.items(), key=lambda item: -item[1]):
        tell(area, taken_s, f"of {MINUTES[area]:g}" if area in MINUTES else "")
    for path, taken_s in sorted(_taken_s.items(), key=lambda item: -item[1])[:_FILES_SHOWN]:
        tell(path, taken_s)
