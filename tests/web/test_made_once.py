from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bubuh.web.made_once import made_once

SOURCES = [b"one", b"two"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Python keeps bytecode now."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


class Maker:
    """Makes the same each time, and counts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> dict[str, bytes]:
        self.made += 1
        return {"packed": b"x" * 9}


def files(place: Path) -> list[Path]:
    return [file for file in place.rglob("*") if file.is_file()]


def test_what_was_made_is_made_once(place: Path) -> None:
    maker = Maker()
    for _ in range(2):
        assert made_once("a", SOURCES, maker) == {"packed": b"x" * 9}
    assert maker.made == 1
    (file,) = files(place)
    assert file.stat().st_mode & 0o777 == 0o644, "other users of the service read it too"


@pytest.mark.parametrize("sources", [[b"one", b"three"], [b"onet", b"wo"], [b"one"], [b"two", b"one"]])
def test_other_sources_are_made_anew(place: Path, sources: list[bytes]) -> None:
    maker = Maker()
    made_once("a", SOURCES, maker)
    made_once("a", sources, maker)
    assert maker.made == 2


@pytest.mark.parametrize(
    "harm",
    [
        lambda kept: kept[:-1],
        lambda kept: kept[:40],
        lambda kept: b"",
        lambda kept: bytes(len(kept)),
        lambda kept: kept[:-1] + bytes([kept[-1] ^ 1]),
    ],
)
def test_a_torn_or_rotten_file_is_made_anew(place: Path, harm: Callable[[bytes], bytes]) -> None:
    maker = Maker()
    made_once("a", SOURCES, maker)
    (file,) = files(place)
    file.write_bytes(harm(file.read_bytes()))
    assert made_once("a", SOURCES, maker) == {"packed": b"x" * 9}
    assert maker.made == 2
    made_once("a", SOURCES, maker)
    assert maker.made == 2, "the one made anew is kept"


def test_where_python_keeps_nothing_neither_is_this(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert made_once("a", SOURCES, Maker()) == {"packed": b"x" * 9}
    assert files(place) == []


def test_where_nothing_can_be_written_it_is_made_all_the_same(place: Path) -> None:
    place.write_bytes(b"no folder")
    assert made_once("a", SOURCES, Maker()) == {"packed": b"x" * 9}
