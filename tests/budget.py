"""What the gate may take, area by area, and what a run took: told at the end of a run of several areas.

The budget is in minutes of a run by two processes on two cores that nobody else uses. Where others use them
too, the minutes of processor time beside them tell more: of the tests and of the processes they started,
counted when these end, over two cores. A test belongs to the area with the longest path that its file begins
with.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Generator, Mapping
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
        service/test_levels service/test_rotation
    """,
    "ledger and faults": """
        bench/test_ledger bench/test_saga drill faults quota service/test_kills simulation stamping
    """,
    "payments": """
        adapters bench/test_inbox bench/test_settlement drill/test_payments gateway_dev orders payments
        refunds service/test_gateway service/test_mail service/test_money service/test_settlement
        service/test_webhooks webhooks
    """,
    "site": "service/test_site service/test_stamping web",
    "surge": """
        deadlines drill/test_surge gate lanes outages reminders service/test_site_room service/test_status
        status waitingroom
    """,
}
PATHS: Final = {start: area for area, starts in _BEGIN.items() for start in starts.split()}

_FILES_SHOWN: Final = 12
_CORES: Final = 2
_COMPUTED: Final = "processor seconds"

_taken_s: defaultdict[str, float] = defaultdict(float)  # by file
_computed_s: defaultdict[str, float] = defaultdict(float)
_before_s = 0.0


def area_of(path: str) -> str | None:
    """The area of a test's file, as `tests/quota/test_acts.py`; None: it stands in no area."""
    within = path.removeprefix("tests/")
    fitting = [start for start in PATHS if within.startswith(start)]
    return PATHS[max(fitting, key=len)] if fitting else None


def _processor_s() -> float:
    """Of this process and all that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart() -> None:
    global _before_s  # noqa: PLW0603 -- where one test ends and the next begins
    _before_s = _processor_s()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    global _before_s  # noqa: PLW0603 -- as above
    report = yield
    now_s = _processor_s()
    report.user_properties.append((_COMPUTED, now_s - _before_s))
    _before_s = now_s
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    path = report.nodeid.partition("::")[0]
    _taken_s[path] += report.duration
    _computed_s[path] += sum(float(str(value)) for name, value in report.user_properties if name == _COMPUTED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    taken: defaultdict[str, float] = defaultdict(float)
    computed: defaultdict[str, float] = defaultdict(float)
    for path in _taken_s:
        taken[area_of(path) or "no area"] += _taken_s[path]
        computed[area_of(path) or "no area"] += _computed_s[path]
    if len(taken) < 2:
        return
    processes = config.getoption("numprocesses", default=None) or 1

    def tell(name: str, taken_s: float, computed_s: float, budget: str = "") -> None:
        minutes = f"{taken_s / processes / 60:6.1f} {computed_s / _CORES / 60:10.1f} {budget:>7}"
        terminalreporter.write_line(f"{minutes}  {name}")

    terminalreporter.section("minutes, and of processor time, by area, and of the longest files")
    for area in sorted(taken, key=lambda name: -computed[name]):
        tell(area, taken[area], computed[area], f"of {MINUTES[area]:g}" if area in MINUTES else "")
    for path in sorted(_taken_s, key=lambda name: -_computed_s[name])[:_FILES_SHOWN]:
        tell(path, _taken_s[path], _computed_s[path])
