"""Every test's time is counted somewhere."""

from __future__ import annotations

from pathlib import Path

from tests.budget import MINUTES, PATHS, area_of

TESTS = Path(__file__).parents[1]


def test_every_folder_of_tests_has_an_area() -> None:
    files = [path.relative_to(TESTS.parent).as_posix() for path in TESTS.rglob("test_*.py")]
    assert {path for path in files if area_of(path) is None} == set()
    assert set(PATHS.values()) == set(MINUTES)


def test_a_file_may_have_another_area_than_its_folder() -> None:
    assert area_of("tests/service/test_kills.py") == "ledger and faults"
    assert area_of("tests/service/test_rights.py") == "foundation"
