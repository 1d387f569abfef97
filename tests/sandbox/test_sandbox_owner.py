"""The zygote and its owner: neither outlives the other unnoticed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bubuh.core.privileges import Uids
from bubuh.sandbox import SandboxUnavailable
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.line import Line

PROGRAM = (str(Path(__file__).with_name("hostile_zygote.py")),)
DEED: Kind[str] = Kind("deed", msgspec.msgpack.Decoder(str), 1 << 20)
SLEEP = {"name": "sleep", "number": 60}

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NEEDS ROOT: other users are not tried")


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line.start(Uids.here().sandbox, program=PROGRAM, at_once=1)
    yield line
    line.close()


async def test_a_killed_zygote_is_a_fault_for_all_who_wait_and_all_who_come(line: Line) -> None:
    waiting = [asyncio.create_task(line.call(DEED, SLEEP, b"")) for _ in range(3)]
    (child,) = await children_of(line.pid, 1)
    os.kill(line.pid, signal.SIGKILL)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [SandboxUnavailable] * 3
    with pytest.raises(SandboxUnavailable):
        await line.call(DEED, SLEEP, b"")
    await line.gone()
    assert await ends(child)


async def test_its_owner_hears_at_once_that_it_is_gone(line: Line) -> None:
    watching = asyncio.create_task(line.gone())
    await asyncio.sleep(0)
    os.kill(line.pid, signal.SIGKILL)
    await asyncio.wait_for(watching, 5)
    assert line.is_gone


async def test_closing_ends_zygote_and_children(line: Line) -> None:
    call = asyncio.create_task(line.call(DEED, SLEEP, b""))
    (child,) = await children_of(line.pid, 1)
    line.close()
    assert not alive(child)
    assert not alive(line.pid)
    with pytest.raises(SandboxUnavailable):
        await call


async def test_an_interrupt_at_the_terminal_is_its_owners_to_answer(line: Line) -> None:
    os.kill(line.pid, signal.SIGINT)
    assert await line.call(DEED, {"name": "echo"}, b"still there") == "still there"
    assert os.getpgid(line.pid) != os.getpgid(0)


async def test_it_is_locked_down_before_it_serves(line: Line) -> None:
    status = status_of(line.pid)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.root
@needs_root
async def test_as_root_it_is_another_user_without_any_capability(line: Line) -> None:
    status = status_of(line.pid)
    assert status["Uid"].split() == [str(Uids.here().sandbox)] * 4
    assert status["Groups"].split() == []
    assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0


async def test_it_dies_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    zygote, child = await an_owner_killed(tmp_path, drops=False)
    assert await ends(zygote)
    assert await ends(child)


@pytest.mark.root
@needs_root
async def test_it_dies_with_an_owner_that_had_become_another_user(tmp_path: Path) -> None:
    """The kernel's own signal is not delivered across users: the end of the line does it."""
    zygote, child = await an_owner_killed(tmp_path, drops=True)
    assert await ends(zygote)
    assert await ends(child)


def test_a_zygote_that_does_not_come_up_is_a_fault() -> None:
    with pytest.raises(SandboxUnavailable):
        Line.start(None, program=("-c", "raise SystemExit(3)"))


@pytest.mark.root
@needs_root
def test_it_never_runs_as_root(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SandboxUnavailable):
        Line.start(None, program=PROGRAM)
    assert "root starts the sandbox as another user" in capfd.readouterr().err


@pytest.mark.root
@needs_root
def test_a_zygote_serves_nobody_who_is_not_on_its_line() -> None:
    """Its line is a socket without a name, and it listens on nothing."""
    line = Line.start(Uids.here().sandbox, program=PROGRAM)
    descriptors = [str(found.readlink()) for found in Path(f"/proc/{line.pid}/fd").iterdir()]
    line.close()
    assert sum(found.startswith("socket:") for found in descriptors) == 1


async def an_owner_killed(tmp_path: Path, *, drops: bool) -> tuple[int, int]:
    """Start an owner with a call under way, kill it, and tell who it left: zygote, child."""
    program = tmp_path / "owner.py"
    program.write_text(
        f"""
import asyncio, msgspec, sys
from bubuh.core.privileges import Uids, drop_to, preload
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.line import Line

line = Line.start(Uids.here().sandbox, program={PROGRAM!r})
preload()
if {drops}:
    drop_to(Uids.here().app)

async def main():
    call = asyncio.create_task(line.call(Kind("deed", msgspec.msgpack.Decoder(str), 99), {SLEEP!r}, b""))
    await asyncio.sleep(0.1)
    print(line.pid, flush=True)
    await call

asyncio.run(main())
"""
    )
    owner = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=subprocess.PIPE)
    assert owner.stdout is not None
    zygote = int(await owner.stdout.readline())
    (child,) = await children_of(zygote, 1)
    owner.kill()
    await owner.wait()
    return zygote, child


async def children_of(pid: int, count: int) -> list[int]:
    """The children of `pid`, as soon as there are `count` of them."""
    async with asyncio.timeout(5):
        while len(found := children(pid)) != count:  # noqa: ASYNC110  the kernel rings no bell for it
            await asyncio.sleep(0.005)
    return found


async def ends(pid: int) -> bool:
    """Whether `pid` is dead before a child's wall clock could have ended it."""
    until = time.monotonic() + 3
    while alive(pid) and time.monotonic() < until:  # noqa: ASYNC110  no child of ours
        await asyncio.sleep(0.005)
    return not alive(pid)


def alive(pid: int) -> bool:
    """Whether `pid` runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid: int) -> dict[str, str]:
    """What the kernel tells of `pid`."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (row.partition(":") for row in rows)}
