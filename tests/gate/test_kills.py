"""The gate killed with SIGKILL, again and again, while people join."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bubuh.bench.gate import JOIN, RULES, Numbers, repeat
from bubuh.drill.gate import GateProcess, ask_once
from bubuh.waitingroom.allocator import AHEAD
from bubuh.waitingroom.room_file import RoomFile

_NOW = b"GET /now.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.fixture
def gate() -> Iterator[GateProcess]:
    with tempfile.TemporaryDirectory(prefix="bubuh-kills-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = GateProcess.prepare(folder / "data", RoomFile(is_open=True, rules=RULES))
        yield made
        made.stop()


def issued(gate: GateProcess) -> int:
    answer = asyncio.run(ask_once(gate.port, _NOW, timeout_s=10.0))
    return int(json.loads(answer)["now"]["lanes"]["umum"][2])


@pytest.mark.parametrize(("kills", "joins"), [(2, 1_000), pytest.param(100, 10_000, marks=pytest.mark.long)])
def test_no_kill_gives_a_number_twice_or_takes_one_back(gate: GateProcess, kills: int, joins: int) -> None:
    highest, given = 0, 0
    for _ in range(kills):
        gate.start()
        assert issued(gate) >= highest, "whoever was told a number is known"
        numbers = Numbers()
        repeat(gate, JOIN, joins * 2, numbers.take, kill_after=joins)
        assert numbers.twice == 0
        assert len(numbers.seen) >= joins
        assert highest < min(numbers.seen) <= highest + AHEAD + 1
        highest, given = max(numbers.seen), given + len(numbers.seen)
    gate.start()
    assert issued(gate) >= highest
    assert given >= kills * joins
