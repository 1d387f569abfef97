"""The owner's end: starts a zygote, gives it calls, a few at once, and reads the answers.

A zygote that dies leaves its owner unable to open documents: every call, waiting or new, ends in
`SandboxUnavailable`, and `gone` returns. The owner cannot start another (by now it holds secrets and
sockets, and may have dropped the right to): it ends, and its supervisor starts it again.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, TypeVar

from bubuh.core.deadline import in_time, when_slow
from bubuh.core.errors import Refusal
from bubuh.pdf.refusals import Reason
from bubuh.sandbox import answers, wire
from bubuh.sandbox.calls import Kind
from bubuh.sandbox.limits import FOR_ONE_FILE, SLOW_TIMES
from bubuh.sandbox.refusals import SandboxDied, SandboxUnavailable, SlowLaneFull

R = TypeVar("R")

PROGRAM: Final = ("-m", "bubuh.sandbox")

_START_S: Final = 60.0  # importing everything on a slow, busy machine
_STOP_S: Final = 5.0
_STUCK_S: Final = (
    SLOW_TIMES * FOR_ONE_FILE.wall_s + 10.0
)  # a zygote that has not told of a death by now is stuck
_MOST_SLOW: Final = 16  # waiting for the slow lane
_SLOW_PATIENCE_S: Final = 20.0
_MOST_KNOWN: Final = 1_024  # documents that are known to take long
_INHERITED: Final = ("LD_LIBRARY_PATH",)  # some interpreters need it to start at all


@dataclass(frozen=True, slots=True)
class _Running:
    """A call under way."""

    ended: asyncio.Future[wire.Ended]
    slots: asyncio.Semaphore | None  #: where its slot is given back with its death; None: by its caller


class Line:
    """A running zygote, as its owner holds it; belongs to one event loop from the first call on."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, at_once: int) -> None:
        self._process = process
        self._socket = channel
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(at_once)
        self._slow = asyncio.Semaphore(1)
        self._waiting_slow = 0
        self._known_slow: dict[tuple[str, bytes], None] = {}  # job and SHA-256, the oldest first
        self._gone = asyncio.Event()
        self._numbers = itertools.count(1)
        self._running: dict[int, _Running] = {}

    @classmethod
    def start(cls, uid: int | None, *, program: Sequence[str] = PROGRAM, at_once: int | None = None) -> Self:
        """Launch a zygote and wait until it is locked down, about a second; raises as `until_ready` does."""
        line = cls.launch(uid, program=program, at_once=at_once)
        line.until_ready()
        return line

    @classmethod
    def launch(cls, uid: int | None, *, program: Sequence[str] = PROGRAM, at_once: int | None = None) -> Self:
        """Start a zygote and do something else while it loads; `until_ready` before the first call.

        To be called from a thread that lasts as long as the process: the kernel ends the zygote with that
        thread. `program` is what Python runs; a test brings its own jobs by another one than ours.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = _spawn(program, line=theirs.fileno(), uid=uid)
        return cls(process, ours, at_once or len(os.sched_getaffinity(0)))

    def until_ready(self) -> None:
        """Wait until the zygote is locked down.

        Raises:
            SandboxUnavailable: it did not come up; why stands on our standard error.
        """
        if _first_packet(self._socket) != wire.READY:
            self.close()
            raise SandboxUnavailable(f"the sandbox did not start (exit {self._process.returncode})")
        self._socket.setblocking(False)

    @property
    def pid(self) -> int:
        """The zygote's."""
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether the zygote is known to be dead or stuck, or the line is closed."""
        return self._gone.is_set()

    async def gone(self) -> None:
        """Return when the zygote is dead or stuck: the sign for a process to end and be started again."""
        self._attach()
        await self._gone.wait()

    async def call(self, kind: Kind[R], arguments: object, document: bytes) -> R:
        """Have one job done over `document`, when its turn comes. Who does a cancelled call is killed.

        Raises:
            Refusal: the job's own.
            SandboxDied: the document was the child's end.
            SandboxUnavailable: the zygote is gone or does not answer.
            SlowLaneFull: the first budget did not suffice, and the slow lane has no room.
            TimeSpent: nobody waits for the answer any more; nothing was begun.
        """
        if not kind.patient:
            return await self._call(kind, arguments, document)
        if not self._is_known_slow(kind.job, document):
            try:
                return await self._call(kind, arguments, document, lane="first")
            except SandboxDied as died:
                if died.details["reason"] != Reason.SANDBOX_TIMEOUT:
                    raise
            self._know_slow(kind.job, document)
        when_slow.get()()
        if self._waiting_slow >= _MOST_SLOW:
            raise SlowLaneFull(kind.job)
        self._waiting_slow += 1
        try:
            async with in_time(), asyncio.timeout(_SLOW_PATIENCE_S):
                await self._slow.acquire()
        except TimeoutError as error:
            raise SlowLaneFull(kind.job) from error
        finally:
            self._waiting_slow -= 1
        return await self._do(replace(kind, shared=False), arguments, document, "slow", self._slow)

    def _is_known_slow(self, job: str, document: bytes) -> bool:
        """Whether the first budget did not suffice for this job over this document, not long ago."""
        return bool(self._known_slow) and (job, hashlib.sha256(document).digest()) in self._known_slow

    def _know_slow(self, job: str, document: bytes) -> None:
        self._known_slow[job, hashlib.sha256(document).digest()] = None
        if len(self._known_slow) > _MOST_KNOWN:
            del self._known_slow[next(iter(self._known_slow))]

    async def _call(self, kind: Kind[R], arguments: object, document: bytes, lane: wire.Lane = "") -> R:
        self._attach()
        async with in_time():
            await self._slots.acquire()
        return await self._do(kind, arguments, document, lane, self._slots)

    async def _do(
        self,
        kind: Kind[R],
        arguments: object,
        document: bytes,
        lane: wire.Lane,
        slots: asyncio.Semaphore,
    ) -> R:
        """The call, in a slot of `slots` that is held already."""
        try:
            number, ended, answer = self._begin(kind, arguments, document, lane, slots)
        except BaseException:
            slots.release()
            raise
        in_order = False
        try:
            result = answers.read(await self._end_of(number, ended), answer, kind)
            if not kind.fits(result, document):
                raise answers.garbled("about something else")
        except Refusal as refusal:
            in_order = not isinstance(refusal, SandboxDied)
            raise
        else:
            in_order = True
            return result
        finally:
            os.close(answer)
            if kind.shared:  # other slots are given back by the child's death, not by the caller
                self._send(wire.Order(act="keep" if in_order else "stop", number=number))
                slots.release()

    def close(self) -> None:
        """End the zygote and its children, and wait until it is dead."""
        self._break()
        self._socket.close()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_S)

    def _attach(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None and not self.is_gone:
            self._loop = loop
            loop.add_reader(self._socket, self._hear)
        assert self._loop in {None, loop}, "a sandbox belongs to one event loop"

    def _begin(
        self,
        kind: Kind[R],
        arguments: object,
        document: bytes,
        lane: wire.Lane,
        slots: asyncio.Semaphore,
    ) -> tuple[int, asyncio.Future[wire.Ended], int]:
        if self.is_gone:
            raise SandboxUnavailable("the sandbox is gone")
        number, ended = next(self._numbers), asyncio.get_running_loop().create_future()
        answer = wire.answer_file()
        try:
            request = wire.request_file(kind.job, arguments, document)
        except BaseException:
            os.close(answer)
            raise
        self._running[number] = _Running(ended, None if kind.shared else slots)
        act: Literal["share", "fork"] = "share" if kind.shared else "fork"
        self._send(wire.Order(act=act, number=number, pool=kind.pool, lane=lane), request, answer)
        os.close(request)
        return number, ended, answer

    async def _end_of(self, number: int, ended: asyncio.Future[wire.Ended]) -> wire.Ended:
        try:
            async with asyncio.timeout(_STUCK_S):
                return await ended
        except TimeoutError:
            self._break()
            raise SandboxUnavailable("the sandbox is stuck") from None
        except asyncio.CancelledError:
            self._send(wire.Order(act="stop", number=number))
            raise

    def _send(self, order: wire.Order, *descriptors: int) -> None:
        """Packets are few and tiny: one that does not go out at once finds nobody who reads."""
        if self.is_gone:
            return
        try:
            socket.send_fds(self._socket, [wire.encode(order)], descriptors)
        except OSError:
            self._break()

    def _hear(self) -> None:
        try:
            packet = self._socket.recv(wire.PACKET_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            packet = b""
        if not packet:
            self._break()
            return
        ended = wire.decode_ended(packet)
        call = self._running.pop(ended.number, None)
        if call is None:
            return  # told twice, which no zygote of ours does
        self._give_back(call)
        if not call.ended.done():
            call.ended.set_result(ended)

    def _give_back(self, call: _Running) -> None:
        if call.slots is not None:
            call.slots.release()

    def _break(self) -> None:
        """From now on there is no sandbox; whoever waits hears so."""
        if self.is_gone:
            return
        self._gone.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        for call in self._running.values():
            self._give_back(call)
            if not call.ended.done():
                call.ended.set_exception(SandboxUnavailable("the sandbox is gone"))
        self._running.clear()


def _spawn(program: Sequence[str], *, line: int, uid: int | None) -> subprocess.Popen[bytes]:
    """A Python that has nothing of ours but one socket: no environment, descriptor, folder or terminal."""
    return subprocess.Popen(  # noqa: S603  our own interpreter; the words are constants and numbers
        [sys.executable, "-I", *program, "--line", str(line), *(() if uid is None else ("--uid", str(uid)))],
        cwd="/",
        env={"LANG": "C.UTF-8", "TZ": "UTC0"}
        | {name: os.environ[name] for name in _INHERITED & os.environ.keys()},
        pass_fds=(line,),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def _first_packet(channel: socket.socket) -> bytes:
    channel.settimeout(_START_S)
    try:
        return channel.recv(wire.PACKET_BYTES)
    except (TimeoutError, ConnectionError):
        return b""
