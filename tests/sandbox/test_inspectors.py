"""Inspectors: one process looks at many documents, until there is any reason that it should not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bubuh.core.privileges import Uids
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox import SandboxDied
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.limits import MIB, Life, Limits
from bubuh.sandbox.line import Line

PROGRAM = str(Path(__file__).with_name("hostile_zygote.py"))
DEED: Kind[str] = Kind("deed", msgspec.msgpack.Decoder(str), MIB, shared=True)
ALONE: Kind[str] = replace(DEED, shared=False)


def ask(
    line: Line, name: str, *, number: int = 0, path: str = "", kind: Kind[str] = DEED, document: bytes = b""
) -> asyncio.Task[str]:
    return asyncio.create_task(line.call(kind, {"name": name, "number": number, "path": path}, document))


def started(at_once: int) -> Line:
    """A zygote with so many slots, whose inspectors look at three documents each."""
    return Line.start(Uids.here().sandbox, program=(PROGRAM, "3"), at_once=at_once)


@pytest.fixture(scope="module", params=[1])
def zygote(request: pytest.FixtureRequest) -> Iterator[Line]:
    """One with as many slots as the test asks for, for all tests that leave it alive."""
    line = started(request.param)
    yield line
    line.close()


@pytest.fixture
async def line(zygote: Line) -> Line:
    """The same, without an inspector."""
    for child in children(zygote.pid):
        os.kill(child, signal.SIGKILL)
        await gone(child)
    return zygote


@pytest.fixture
async def mortal() -> AsyncIterator[Line]:
    """A zygote of the test's own, with two slots."""
    line = started(2)
    yield line
    line.close()


two_at_once = pytest.mark.parametrize("zygote", [2], indirect=True)


async def test_one_process_sees_three_documents_and_no_more(line: Line) -> None:
    seen = [await ask(line, "pid") for _ in range(7)]
    first, second, third = dict.fromkeys(seen)
    assert seen == [first] * 3 + [second] * 3 + [third]
    await gone(int(first), int(second))
    assert children(line.pid) == [int(third)]


async def test_what_needs_a_process_of_its_own_has_one(line: Line) -> None:
    seen = {await ask(line, "pid", kind=kind) for kind in (DEED, ALONE, DEED, ALONE, DEED)}
    assert len(seen) == 3
    assert await ask(line, "remember", path="a stranger's", kind=ALONE) == ""


async def test_a_process_of_one_pool_does_no_call_of_another(line: Line) -> None:
    """What a document may have taken over while it was inspected never plans a stamp."""
    plan = replace(DEED, pool="plan")
    seen = [await ask(line, "pid", kind=kind) for kind in (DEED, plan, DEED, plan)]
    assert seen[0] == seen[2] != seen[1] == seen[3]


async def test_a_refusal_is_an_answer_like_any(line: Line) -> None:
    before = await ask(line, "pid")
    with pytest.raises(DocumentRefused):
        await ask(line, "refuse", path="document")
    assert await ask(line, "pid") == before


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("spin", Reason.SANDBOX_TIMEOUT),
        pytest.param("spin_deaf", Reason.SANDBOX_TIMEOUT, marks=pytest.mark.long),
        ("memory_for_ever", Reason.SANDBOX_MEMORY),
        ("memory_abort", Reason.SANDBOX_MEMORY),
        ("segfault", Reason.SANDBOX_DIED),
        ("exec", Reason.SANDBOX_DIED),
        ("raise", Reason.SANDBOX_DIED),
        ("garbage", Reason.SANDBOX_DIED),
        ("wrong_type", Reason.SANDBOX_DIED),
        ("two_answers", Reason.SANDBOX_DIED),
    ],
)
async def test_after_any_bad_end_another_process_takes_over(line: Line, deed: str, reason: Reason) -> None:
    before = await ask(line, "pid")
    with pytest.raises(SandboxDied) as told:
        await ask(line, deed)
    assert told.value.reason is reason
    assert await ask(line, "pid") != before
    await gone(int(before))


async def test_an_answer_about_something_else_is_the_end_of_who_gave_it(line: Line) -> None:
    picky = replace(DEED, fits=lambda result, _document: not result.isdigit())
    before = await ask(line, "pid")
    with pytest.raises(SandboxDied, match="about something else"):
        await ask(line, "pid", kind=picky)
    assert await ask(line, "pid") != before


async def test_who_speaks_out_of_turn_is_ended(line: Line) -> None:
    before = await ask(line, "pid")
    with pytest.raises(SandboxDied):
        await ask(line, "speak_out_of_turn")
    assert await ask(line, "pid") != before


async def test_who_dies_between_two_documents_is_replaced_unnoticed(line: Line) -> None:
    before = await ask(line, "pid")
    os.kill(int(before), signal.SIGKILL)
    await gone(int(before))
    assert await ask(line, "pid") != before


async def test_each_document_has_its_own_share_of_the_processor(line: Line) -> None:
    """The limit here is 2 s: three documents of 0.8 s pass in one process, one of 3 s does not."""
    seen = {await ask(line, "pid")}
    for _ in range(2):
        assert await ask(line, "burn", number=800) == "done"
    seen.add(await ask(line, "pid"))
    assert await ask(line, "burn", number=800) == "done"
    with pytest.raises(SandboxDied) as told:
        await ask(line, "burn", number=3000)
    assert told.value.reason is Reason.SANDBOX_TIMEOUT
    assert len(seen) == 2


async def test_who_has_grown_is_replaced(line: Line) -> None:
    before = await ask(line, "pid")
    assert await ask(line, "memory_kept") == "done"
    assert await ask(line, "pid") != before


async def test_it_can_hold_few_files(line: Line) -> None:
    assert int(await ask(line, "hoard_files")) < 8


async def test_a_cancelled_call_ends_its_inspector(line: Line) -> None:
    call = ask(line, "sleep", number=60)
    (child,) = await children_of(line.pid, 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert call.cancelled()
    assert int(await ask(line, "pid")) != child
    await gone(child)


@two_at_once
async def test_two_at_once_on_two_inspectors(line: Line) -> None:
    spans = [
        tuple(map(float, told.split()))
        for told in await asyncio.gather(*(ask(line, "times", number=300) for _ in range(2)))
    ]
    assert max(begun for begun, _ in spans) < min(ended for _, ended in spans)
    assert len(children(line.pid)) == 2


@two_at_once
async def test_a_neighbour_notices_nothing(line: Line) -> None:
    slow = ask(line, "times", number=500)
    for deed in ("segfault", "exec", "garbage"):
        with pytest.raises(SandboxDied):
            await ask(line, deed)
    assert await slow


@two_at_once
async def test_many_calls_share_few_processes(line: Line) -> None:
    seen = await asyncio.gather(*(ask(line, "pid") for _ in range(30)))
    assert 10 <= len(set(seen)) <= 11  # three documents each; the last two may be cut short
    assert len(children(line.pid)) <= 2


async def test_closing_leaves_no_orphan(mortal: Line) -> None:
    assert await ask(mortal, "pid")
    call = ask(mortal, "sleep", number=60)
    alive = [mortal.pid, *await children_of(mortal.pid, 1)]
    busy = ask(mortal, "sleep", number=60)
    alive += await children_of(mortal.pid, 2)
    mortal.close()
    await gone(*alive)
    await asyncio.gather(call, busy, return_exceptions=True)


async def test_they_die_with_a_zygote_that_is_killed(mortal: Line) -> None:
    inspector = int(await ask(mortal, "pid"))
    os.kill(mortal.pid, signal.SIGKILL)
    await mortal.gone()
    await gone(inspector)


def test_a_life_ends_by_any_of_three() -> None:
    one, long = Limits(), Life(cpu_s=10**6, worn_bytes=1 << 50)
    assert not long.is_over(499, one)
    assert long.is_over(500, one)
    assert replace(long, cpu_s=one.cpu_s).is_over(0, one)
    assert replace(long, worn_bytes=1).is_over(0, one)
    assert long.limits(one).data_bytes == one.data_bytes


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def children_of(pid: int, count: int) -> list[int]:
    """The children of `pid`, as soon as there are `count` of them."""
    async with asyncio.timeout(5):
        while len(found := children(pid)) != count:  # noqa: ASYNC110  the kernel rings no bell for it
            await asyncio.sleep(0.005)
    return found


async def gone(*pids: int) -> None:
    """Return when these processes are dead and waited for."""
    async with asyncio.timeout(5):
        while any(map(exists, pids)):  # noqa: ASYNC110  no children of ours
            await asyncio.sleep(0.005)


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
