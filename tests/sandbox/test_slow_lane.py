"""The slow lane: what one second does not suffice for is done one at a time, and gets in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bubuh.core.deadline import UNTIL_S, TimeSpent
from bubuh.core.privileges import Uids
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox import line as lines
from bubuh.sandbox.limits import SLOWEST
from bubuh.sandbox.line import Line
from bubuh.sandbox.refusals import SlowLaneFull
from tests.sandbox.test_inspectors import ALONE, DEED, PROGRAM, ask, children

PATIENT = replace(ALONE, patient=True)
SHARED = replace(DEED, patient=True)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line.start(Uids.here().sandbox, program=(PROGRAM, "500"), at_once=1)
    yield line
    line.close()


def niceness(pid: int) -> int:
    """Source: proc_pid_stat(5), field 19."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16])


async def slow_ones(line: Line) -> list[int]:
    """The processes of the slow lane, once there is one."""
    async with asyncio.timeout(60):
        while True:
            found = [pid for pid in children(line.pid) if niceness(pid) == SLOWEST]
            if found:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", [pytest.param(PATIENT, marks=pytest.mark.long), SHARED])
async def test_what_takes_long_is_done_in_the_slow_lane_beside_the_others(line: Line, kind: object) -> None:
    spinning = [ask(line, "spin", kind=kind) for _ in range(2)]  # type: ignore[arg-type]
    assert len(await slow_ones(line)) == 1
    assert await ask(line, "pid", kind=SHARED, document=b"other")  # the one slot of the others is free
    for each in spinning:
        with pytest.raises(DocumentRefused) as refused:
            await each
        assert refused.value.details["reason"] == Reason.SANDBOX_TIMEOUT


async def test_what_only_takes_longer_than_the_first_budget_is_served(line: Line) -> None:
    assert await ask(line, "burn", number=1_200, kind=PATIENT) == "done"


async def test_what_took_long_goes_there_at_once_the_next_time(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await ask(line, "burn", number=1_200, kind=PATIENT, document=b"long") == "done"
    assert await ask(line, "pid", kind=PATIENT, document=b"long")
    monkeypatch.setattr(lines, "_MOST_SLOW", 0)
    with pytest.raises(SlowLaneFull):
        await ask(line, "pid", kind=PATIENT, document=b"long")
    assert await ask(line, "pid", kind=PATIENT, document=b"short")
    monkeypatch.setattr(lines, "_MOST_KNOWN", 1)
    with pytest.raises(SlowLaneFull):
        await ask(line, "burn", number=1_200, kind=PATIENT, document=b"longer")
    assert await ask(line, "pid", kind=PATIENT, document=b"long")


async def test_the_slow_lane_takes_no_more_than_it_can(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MOST_SLOW", 0)
    with pytest.raises(SlowLaneFull):
        await ask(line, "spin", kind=PATIENT)
    assert await ask(line, "pid", kind=SHARED, document=b"other")


async def test_who_waits_for_the_slow_lane_too_long_is_told_so(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_SLOW_PATIENCE_S", 0.01)
    ended = await asyncio.gather(*(ask(line, "spin", kind=PATIENT) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["SandboxDied", "SlowLaneFull"]


async def test_what_nobody_waits_for_any_more_is_not_begun(line: Line) -> None:
    holding = ask(line, "burn", number=500, kind=ALONE)
    await asyncio.sleep(0)  # it has the one slot
    now_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeSpent):
        await until(now_s + 0.05, ask_late(line))
    assert await holding == "done"


async def ask_late(line: Line) -> str:
    return await line.call(PATIENT, {"name": "pid", "number": 0, "path": ""}, b"late")


async def until(until_s: float, asked: Coroutine[Any, Any, str]) -> str:
    """What is asked by somebody who waits until then."""

    async def ask_in_time() -> str:
        UNTIL_S.set(until_s)
        return await asked

    return await asyncio.create_task(ask_in_time())


async def test_what_refuses_or_dies_at_once_is_not_tried_again(line: Line) -> None:
    for deed in ("segfault", "refuse"):
        with pytest.raises(DocumentRefused) as refused:
            await ask(line, deed, path="document", kind=PATIENT)
        assert refused.value.details["reason"] != Reason.SANDBOX_TIMEOUT
    assert children(line.pid) == []
