"""The zygote: a process that has loaded the PDF libraries, given up all power, and forks those that look.

It forks a child a document, or hands the document to an inspector, which it forked before. It never looks at
a document itself, so nothing hostile reaches it; it begins and stops children, ends those that are late, and
tells its owner how each call ended. It lives as long as its owner: the end of the owner's socket ends it and
every child with it. It writes nothing anywhere.
"""

from __future__ import annotations

import gc
import math
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass, replace
from typing import Final

from bubuh.core import privileges
from bubuh.sandbox import child, filters, wire
from bubuh.sandbox.child import Bounds, Jobs
from bubuh.sandbox.fates import Death, Fate, cause_of, fate_of
from bubuh.sandbox.inspector import LongBounds, live_long
from bubuh.sandbox.limits import FOR_ONE_FILE, LONG, SLOW_TIMES, SLOWEST, Life, Limits

_OPEN_FILES: Final = 256  # two for each call on its way in, one for each child


def serve(
    jobs: Jobs,
    *,
    line: socket.socket,
    uid: int | None,
    limits: Limits = FOR_ONE_FILE,
    life: Life = LONG,
    kept: frozenset[int] = frozenset(),
) -> None:
    """Give up everything, say so on `line`, then serve its orders until it ends.

    `jobs` must have been imported whole by now (`core.privileges.preload`): no file opens any more after
    this. Children keep the descriptors `kept` open.
    """
    one = Bounds(limits=limits, program=filters.child_program(), kept=kept)
    many = LongBounds(limits=limits, life=life, program=filters.inspector_program(), kept=kept)
    own_program = filters.zygote_program()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the owner's to answer; it closes the line when done
    privileges.drop_to(uid, parent_pid=os.getppid())
    assert os.getuid() != 0, "root starts the sandbox as another user: its limits do not bind root"
    filters.install(own_program)
    gc.collect()
    gc.freeze()  # so that a child's collector does not copy every page it inherited
    line.send(wire.READY)
    _Nursery(jobs, one, many, line).run()


@dataclass(slots=True)
class _Child:
    """A process of ours: of one call, or an inspector with a line of its own."""

    pid: int
    number: int | None  #: the call it does, or has done and is kept for; None: an idle inspector
    ends_at: float = math.inf  #: monotonic; while it does a call
    line: socket.socket | None = None
    pool: str = ""  #: whose calls an inspector does
    is_late: bool = False

    @property
    def is_busy(self) -> bool:
        return self.ends_at < math.inf


class _Nursery:
    """The children alive, by the descriptor that tells of their death; inspectors also by their line's."""

    def __init__(self, jobs: Jobs, one: Bounds, many: LongBounds, line: socket.socket) -> None:
        self._jobs = jobs
        self._one = one
        self._many = many
        self._line = line
        self._pid = os.getpid()
        self._children: dict[int, _Child] = {}
        self._inspectors: dict[int, _Child] = {}
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)

    def run(self) -> None:
        """Serve until the owner is gone, and leave no child behind."""
        try:
            while self._turn():
                self._end_late()
        except ConnectionError:
            pass  # the owner went with packets still under way: the same end
        finally:
            self._end_all()

    def _turn(self) -> bool:
        """Wait for something to happen and answer it; False when the owner is gone.

        The owner comes last: what it asks for opens descriptors, under numbers that others had until now.
        """
        happened = {descriptor for descriptor, _ in self._poll.poll(self._patience_ms())}
        for descriptor in happened & self._inspectors.keys():
            self._hear(descriptor)
        for descriptor in happened & self._children.keys():
            self._reap(descriptor)
        return self._line.fileno() not in happened or self._obey()

    def _obey(self) -> bool:
        """Take one order; False when the owner is gone."""
        packet, descriptors, _, _ = socket.recv_fds(self._line, wire.PACKET_BYTES, 2)
        if not packet:
            return False
        order = wire.decode_order(packet)
        mine = [found for found in self._children.values() if found.number == order.number]
        match order.act:
            case "fork":
                self._fork(order.number, order.lane, *descriptors)
            case "share":
                self._share(order, *descriptors)
            case "stop":
                self._kill(*mine)
            case "keep":
                for inspector in mine:
                    inspector.number = None
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _fork(self, number: int, lane: wire.Lane, request: int, answer: int) -> None:
        """Have a new process do the call."""
        pid = os.fork()
        if pid == 0:
            child.live(
                self._jobs, _bounds_in(lane, self._one), request=request, answer=answer, zygote_pid=self._pid
            )
        times = SLOW_TIMES if lane == "slow" else 1
        self._watch(_Child(pid=pid, number=number, ends_at=self._end_of_call(times)))

    def _share(self, order: wire.Order, request: int, answer: int) -> None:
        """Have an inspector of the pool do the call: an idle one that is alive, or a new one."""
        word = wire.FIRST if order.lane == "first" else wire.WORK
        for inspector in self._inspectors.values():
            is_idle = inspector.number is None and inspector.pool == order.pool
            if is_idle and _hand(inspector, word, request, answer):
                break
        else:
            inspector = self._new_inspector(order.pool)
            _hand(inspector, word, request, answer)  # where it died already, its death will tell
        inspector.number, inspector.ends_at = order.number, self._end_of_call()

    def _new_inspector(self, pool: str) -> _Child:
        ours, theirs = socket.socketpair()  # the filter knows no other kind
        with theirs:
            pid = os.fork()
            if pid == 0:
                live_long(self._jobs, self._many, line=theirs, zygote_pid=self._pid)
        inspector = _Child(pid=pid, number=None, line=ours, pool=pool)
        self._watch(inspector)
        self._inspectors[ours.fileno()] = inspector
        self._poll.register(ours, select.POLLIN)
        return inspector

    def _watch(self, found: _Child) -> None:
        descriptor = os.pidfd_open(found.pid)
        self._children[descriptor] = found
        self._poll.register(descriptor, select.POLLIN)

    def _hear(self, descriptor: int) -> None:
        """An inspector's word that it is done; one that says anything else, or unasked, is ended."""
        inspector = self._inspectors[descriptor]
        assert inspector.line is not None
        try:
            packet = inspector.line.recv(wire.PACKET_BYTES)
        except ConnectionError:
            packet = b""
        if packet == wire.DONE and inspector.is_busy:
            inspector.ends_at = math.inf
            self._tell(inspector, Fate.ANSWERED, "")
            return
        self._poll.unregister(descriptor)  # it is dead, or will be: the other descriptor tells
        del self._inspectors[descriptor]
        if packet:
            self._kill(inspector)

    def _reap(self, descriptor: int) -> None:
        ended = self._children.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status, usage = os.wait4(ended.pid, 0)
        if ended.line is not None:
            if self._inspectors.pop(ended.line.fileno(), None) is not None:
                self._poll.unregister(ended.line)
            ended.line.close()
        if not ended.is_busy:
            return
        death = Death(
            exit_code=os.waitstatus_to_exitcode(status),
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * 1024,
            was_late=ended.is_late,
        )
        limits = self._one.limits if ended.line is None else self._many.life.limits(self._many.limits)
        self._tell(ended, fate_of(death, limits), cause_of(death))

    def _tell(self, found: _Child, fate: Fate, cause: str) -> None:
        assert found.number is not None, "an idle inspector has nothing to tell"
        self._line.send(wire.encode(wire.Ended(number=found.number, fate=fate, cause=cause)))

    def _end_late(self) -> None:
        now = time.monotonic()
        for found in self._children.values():
            if now >= found.ends_at and not found.is_late:
                found.is_late = True
                self._kill(found)

    def _end_all(self) -> None:
        self._kill(*self._children.values())
        for found in self._children.values():
            os.waitpid(found.pid, 0)

    def _kill(self, *children: _Child) -> None:
        for found in children:  # not yet reaped, so the number is still theirs
            os.kill(found.pid, signal.SIGKILL)

    def _end_of_call(self, times: int = 1) -> float:
        return time.monotonic() + times * self._one.limits.wall_s

    def _patience_ms(self) -> float | None:
        waits = [
            found.ends_at - time.monotonic()
            for found in self._children.values()
            if found.is_busy and not found.is_late
        ]
        return max(0.0, min(waits)) * 1000 + 1 if waits else None


def _bounds_in(lane: wire.Lane, bounds: Bounds) -> Bounds:
    match lane:
        case "first":
            return replace(bounds, limits=bounds.limits.at_first())
        case "slow":
            return replace(bounds, niceness=SLOWEST)
        case _:
            return bounds


def _hand(inspector: _Child, word: bytes, request: int, answer: int) -> bool:
    """Give an inspector a call; False when it is dead."""
    assert inspector.line is not None
    try:
        socket.send_fds(inspector.line, [word], [request, answer])
    except OSError:
        return False
    return True
