"""The zygote: a process that has loaded the PDF libraries, given up all power, and forks a child a document.

It never looks at a document itself, so nothing hostile reaches it; it begins and stops children, ends those
that are late, and tells its owner of each death. It lives as long as its owner: the end of the owner's
socket ends it and every child with it. It writes nothing anywhere.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Final, NoReturn

from bubuh.core import privileges
from bubuh.sandbox import child, filters, wire
from bubuh.sandbox.child import Bounds, Jobs
from bubuh.sandbox.fates import Death, cause_of, fate_of
from bubuh.sandbox.limits import FOR_ONE_FILE, Limits

_OPEN_FILES: Final = 256  # two for each call on its way in, one for each child


def serve(
    jobs: Jobs,
    *,
    line: socket.socket,
    uid: int | None,
    limits: Limits = FOR_ONE_FILE,
    kept: frozenset[int] = frozenset(),
) -> None:
    """Give up everything, say so on `line`, then serve its orders until it ends.

    `jobs` must have been imported whole by now (`core.privileges.preload`): no file opens any more after
    this. Children keep the descriptors `kept` open.
    """
    bounds = Bounds(limits=limits, program=filters.child_program(), kept=kept)
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
    _Nursery(jobs, bounds, line).run()


@dataclass(slots=True)
class _Child:
    number: int
    pid: int
    ends_at: float  #: monotonic
    is_late: bool = False


class _Nursery:
    """The children alive, by the descriptor that tells of their death."""

    def __init__(self, jobs: Jobs, bounds: Bounds, line: socket.socket) -> None:
        self._jobs = jobs
        self._bounds = bounds
        self._line = line
        self._pid = os.getpid()
        self._children: dict[int, _Child] = {}
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
        """Wait for something to happen and answer it; False when the owner is gone."""
        alive = True
        for descriptor, _ in self._poll.poll(self._patience_ms()):
            if descriptor in self._children:
                self._reap(descriptor)
            else:
                alive = self._obey()
        return alive

    def _obey(self) -> bool:
        """Take one order; False when the owner is gone."""
        packet, descriptors, _, _ = socket.recv_fds(self._line, wire.PACKET_BYTES, 2)
        if not packet:
            return False
        order = wire.decode_order(packet)
        if order.act == "begin":
            self._begin(order.number, *descriptors)
        else:
            self._kill(*(found for found in self._children.values() if found.number == order.number))
        return True

    def _begin(self, number: int, request: int, answer: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_child(request, answer)
        os.close(request)
        os.close(answer)
        descriptor = os.pidfd_open(pid)
        ends_at = time.monotonic() + self._bounds.limits.wall_s
        self._children[descriptor] = _Child(number=number, pid=pid, ends_at=ends_at)
        self._poll.register(descriptor, select.POLLIN)

    def _become_child(self, request: int, answer: int) -> NoReturn:
        child.live(self._jobs, self._bounds, request=request, answer=answer, zygote_pid=self._pid)

    def _reap(self, descriptor: int) -> None:
        ended = self._children.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status, usage = os.wait4(ended.pid, 0)
        death = Death(
            exit_code=os.waitstatus_to_exitcode(status),
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * 1024,
            was_late=ended.is_late,
        )
        fate = fate_of(death, self._bounds.limits)
        self._line.send(wire.encode(wire.Ended(number=ended.number, fate=fate, cause=cause_of(death))))

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

    def _patience_ms(self) -> float | None:
        waits = [found.ends_at - time.monotonic() for found in self._children.values() if not found.is_late]
        return max(0.0, min(waits)) * 1000 + 1 if waits else None
