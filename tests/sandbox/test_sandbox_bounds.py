"""Whatever a document does to its reader, it ends as a refusal, and the next document is read."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bubuh.core.privileges import Uids
from bubuh.pdf.refusals import DocumentRefused, OutsidePage, Reason
from bubuh.sandbox import SandboxDied
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.limits import MIB
from bubuh.sandbox.line import Line

PROGRAM = (str(Path(__file__).with_name("hostile_zygote.py")),)
ALONE: Kind[str] = Kind("deed", msgspec.msgpack.Decoder(str), MIB)
SHARED: Kind[str] = Kind("deed", msgspec.msgpack.Decoder(str), MIB, shared=True)
CORES = 2

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NEEDS ROOT: other users are not tried")


class Hostile:
    """A line to the hostile zygote, for tests that wait."""

    def __init__(self, line: Line, runner: asyncio.Runner, kind: Kind[str]) -> None:
        self.line = line
        self.runner = runner
        self.kind = kind

    def ask(self, name: str, *, number: int = 0, path: str = "", document: bytes = b"") -> str:
        return self.runner.run(self.call(name, number=number, path=path, document=document))

    async def call(self, name: str, *, number: int = 0, path: str = "", document: bytes = b"") -> str:
        return await self.line.call(self.kind, {"name": name, "number": number, "path": path}, document)

    def children(self) -> list[int]:
        """The process numbers of the children alive."""
        pid = self.line.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def lines() -> Iterator[tuple[Line, asyncio.Runner]]:
    line = Line.start(Uids.here().sandbox, program=PROGRAM, at_once=CORES)
    with asyncio.Runner() as runner:
        yield line, runner
    line.close()


@pytest.fixture(params=[ALONE, SHARED], ids=["alone", "shared"])
def hostile(lines: tuple[Line, asyncio.Runner], request: pytest.FixtureRequest) -> Iterator[Hostile]:
    """The module's zygote; whatever a test does to a child, the next call is answered."""
    found = Hostile(*lines, request.param)
    yield found
    assert found.ask("echo", document=b"still there") == "still there"
    assert len(found.children()) <= CORES


@pytest.fixture
def alone(lines: tuple[Line, asyncio.Runner]) -> Iterator[Hostile]:
    """A zygote without inspectors; no child is left."""
    line = Line.start(Uids.here().sandbox, program=PROGRAM, at_once=CORES)
    found = Hostile(line, lines[1], ALONE)
    yield found
    assert found.ask("echo", document=b"still there") == "still there"
    assert found.children() == []
    line.close()


EPERM = f"refused {errno.EPERM}"


@pytest.mark.parametrize(
    "deed",
    [
        "socket",
        "unix_socket",
        "datagram_pair",
        "readlink",
        "memory_file",
        "fork",
        "executable_memory",
        "shared_memory",
        "priority",
    ],
)
def test_the_kernel_refuses(hostile: Hostile, deed: str) -> None:
    assert hostile.ask(deed) == EPERM


@pytest.mark.parametrize("deed", ["open", "create", "stat", "list", "unlink"])
def test_no_path_leads_anywhere(hostile: Hostile, deed: str, tmp_path: Path) -> None:
    everyones = tmp_path / "everyone's"
    everyones.write_text("readable to all")
    everyones.chmod(0o666)
    assert hostile.ask(deed, path=str(everyones)) == EPERM
    assert everyones.read_text() == "readable to all"


def test_no_thread(hostile: Hostile) -> None:
    assert hostile.ask("thread") == "refused can't start new thread"


def test_its_limits_cannot_be_raised(hostile: Hostile) -> None:
    assert hostile.ask("more_memory").startswith("refused")


@pytest.mark.parametrize("deed", ["kill", "own_signal", "limits_of_other"])
def test_the_zygote_is_out_of_reach(hostile: Hostile, deed: str) -> None:
    assert hostile.ask(deed, number=hostile.line.pid) == EPERM


@pytest.mark.parametrize("deed", ["exec", "ptrace", "other_memory", "become_root", "unshare"])
def test_what_only_an_attacker_asks_is_its_end(hostile: Hostile, deed: str) -> None:
    with pytest.raises(SandboxDied) as told:
        hostile.ask(deed, number=hostile.line.pid)
    assert told.value.details == {"reason": "sandbox_died", "cause": f"signal {signal.SIGSYS.value}"}


@pytest.mark.root
@needs_root
def test_it_is_nobody(hostile: Hostile) -> None:
    assert hostile.ask("who") == " ".join([str(Uids.here().sandbox)] * 6)


def test_it_has_no_environment_of_ours(hostile: Hostile) -> None:
    assert set(hostile.ask("environment").split()) <= {"HOME", "LANG", "LC_CTYPE", "TZ"}


def test_memory_stays_under_512_mib(hostile: Hostile) -> None:
    peak = int(hostile.ask("memory_until_none"))
    assert 300 * MIB < peak < 512 * MIB


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("memory_for_ever", Reason.SANDBOX_MEMORY),
        ("memory_abort", Reason.SANDBOX_MEMORY),
        ("spin", Reason.SANDBOX_TIMEOUT),
        ("spin_deaf", Reason.SANDBOX_TIMEOUT),
        ("segfault", Reason.SANDBOX_DIED),
        ("garbage", Reason.SANDBOX_DIED),
        ("two_answers", Reason.SANDBOX_DIED),
        ("nothing", Reason.SANDBOX_DIED),
        ("wrong_type", Reason.SANDBOX_DIED),
        ("raise", Reason.SANDBOX_DIED),
    ],
)
def test_any_end_but_an_answer_is_a_refusal(hostile: Hostile, deed: str, reason: Reason) -> None:
    with pytest.raises(SandboxDied) as told:
        hostile.ask(deed)
    assert told.value.code == "document_refused"
    assert told.value.reason is reason


def test_the_wall_clock_ends_sleepers(lines: tuple[Line, asyncio.Runner]) -> None:
    """One of each kind, at once."""
    asleep = [Hostile(*lines, kind) for kind in (ALONE, SHARED)]

    async def all_at_once() -> list[str | BaseException]:
        calls = (each.call("sleep", number=60) for each in asleep)
        return await asyncio.gather(*calls, return_exceptions=True)

    begun = time.monotonic()
    for told in lines[1].run(all_at_once()):
        assert isinstance(told, SandboxDied)
        assert told.details == {"reason": "sandbox_timeout", "cause": "wall clock"}
    assert time.monotonic() - begun < 20
    assert [each.ask("echo", document=b"still there") for each in asleep] == ["still there"] * 2


@pytest.mark.parametrize("size_bytes", [2 * MIB, 8 * MIB], ids=["past the owner's", "past the kernel's"])
def test_a_giant_answer_is_a_refusal(hostile: Hostile, size_bytes: int) -> None:
    with pytest.raises(SandboxDied):
        hostile.ask("giant", number=size_bytes)


@pytest.mark.parametrize("exit_code", [1, 12, 70, 255])
def test_no_exit_code_is_more_than_a_refusal(hostile: Hostile, exit_code: int) -> None:
    with pytest.raises(SandboxDied):
        hostile.ask("exit", number=exit_code)


def test_what_a_job_fails_of_is_named_for_our_logs(hostile: Hostile) -> None:
    with pytest.raises(SandboxDied, match="exception KeyError"):
        hostile.ask("raise")


def test_endless_recursion_is_an_exception_like_any(hostile: Hostile) -> None:
    assert hostile.ask("recurse") == "recursion"


def test_a_refusal_crosses_as_it_was_raised(hostile: Hostile) -> None:
    with pytest.raises(DocumentRefused) as document:
        hostile.ask("refuse", path="document")
    with pytest.raises(OutsidePage) as place:
        hostile.ask("refuse", path="place")
    assert document.value.reason is Reason.XFA
    assert document.value.details == {"reason": "xfa", "where": "/AcroForm"}
    assert (place.value.pointer, place.value.details["page_height"]) == ("/x", 200.0)


@pytest.mark.parametrize("how", ["long", "reason", "homemade"])
def test_a_refusal_none_of_ours_would_raise_is_not_passed_on(hostile: Hostile, how: str) -> None:
    with pytest.raises(SandboxDied):
        hostile.ask("refuse", path=how)


def test_a_killed_child_is_a_refusal(alone: Hostile) -> None:
    async def kill_it() -> None:
        call = asyncio.create_task(alone.call("sleep", number=60))
        (child,) = await children_of(alone, 1)
        os.kill(child, signal.SIGKILL)
        await call

    with pytest.raises(SandboxDied, match="signal 9"):
        alone.runner.run(kill_it())


def test_a_cancelled_call_leaves_no_child(alone: Hostile) -> None:
    async def cancel_it() -> None:
        call = asyncio.create_task(alone.call("sleep", number=60))
        await children_of(alone, 1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        begun = time.monotonic()
        await children_of(alone, 0)
        assert call.cancelled()
        assert time.monotonic() - begun < 3  # not by the wall clock

    alone.runner.run(cancel_it())


def test_no_more_at_once_than_allowed_and_none_forgotten(alone: Hostile) -> None:
    async def many() -> list[str]:
        return await asyncio.gather(*(alone.call("times", number=50) for _ in range(7)))

    spans = [tuple(map(float, told.split())) for told in alone.runner.run(many())]
    assert len(spans) == 7
    assert max(sum(begun <= at < ended for begun, ended in spans) for at, _ in spans) == 2


def test_ten_megabytes_arrive_whole(hostile: Hostile) -> None:
    document = os.urandom(10 * MIB)
    assert hostile.ask("digest", document=document) == hashlib.sha256(document).hexdigest()


async def children_of(hostile: Hostile, count: int) -> list[int]:
    """The children, as soon as there are `count` of them."""
    async with asyncio.timeout(5):
        while len(found := hostile.children()) != count:  # noqa: ASYNC110  the kernel rings no bell for it
            await asyncio.sleep(0.005)
    return found
