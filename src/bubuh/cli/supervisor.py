"""Keeps the service's processes alive under one parent, and ends them with it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from bubuh.db.local import LocalPostgres

_log = structlog.get_logger(__name__)

_BACK_OFF_S: Final = (0.0, 0.3, 1.0, 3.0)  #: before the n-th restart in a row; the last one repeats
_SETTLED_S: Final = 8.0  #: a process that lived so long, its start included, has its back-off forgiven
_GRACE_S: Final = 20.0  #: between SIGTERM and SIGKILL
_TICK_S: Final = 0.05
_POSTGRES_READY_S: Final = 60.0  #: crash recovery counts; a longer one goes on at the next try


@dataclass(slots=True)
class Child:
    """One process to be kept alive."""

    name: str
    argv: Sequence[str]
    fds: Sequence[int] = ()  #: sockets it inherits: they stay open while it is down, and callers wait
    log: Path | None = None
    own: Mapping[str, str] = field(default_factory=dict)  #: environment that no other child sees
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    not_before: float = field(default=0.0)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, its output appended to its log."""
        with (self.log or Path(os.devnull)).open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.argv,
                env={**environment, **self.own},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.fds,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends them in order
            )
        self.started_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether it runs; reaps it when it does not."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts PostgreSQL and the children, restarts what dies, stops all in order."""

    def __init__(self, *, postgres: LocalPostgres | None, environment: Mapping[str, str]) -> None:
        """`postgres` is started already; None: it is somebody else's."""
        self._postgres = postgres
        self._environment = environment
        self._children: list[Child] = []
        self._stopping = False
        self._postgres_failures = 0
        self._postgres_not_before = 0.0

    def add(self, child: Child) -> None:
        """Start `child` and keep it alive from now on; the last one added is the first to be ended."""
        child.start(self._environment)
        self._children.append(child)

    def ask_to_stop(self, _signal: int = 0, _frame: object = None) -> None:
        """End `run` soon. Fit to be a signal handler."""
        self._stopping = True

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Keep all alive until asked to stop or `until` says so."""
        while not self._stopping and not until():
            self._look_after_postgres()
            for child in self._children:
                self._look_after(child)
            time.sleep(_TICK_S)

    def stop(self) -> None:
        """End the children, newest first, then PostgreSQL. Repeating it is fine."""
        for child in reversed(self._children):
            if child.is_alive and child.process is not None:
                child.process.send_signal(signal.SIGTERM)
                _end(child)
        self._children.clear()
        if self._postgres is not None:
            self._postgres.stop()

    def pids(self) -> dict[str, int]:
        """Process ids by name, of those that run."""
        found = {c.name: c.process.pid for c in self._children if c.is_alive and c.process is not None}
        if self._postgres is not None and self._postgres.is_alive:
            found["postgres"] = self._postgres.pid
        return found

    def _look_after_postgres(self) -> None:
        """Start it again when it died. That may fail, for a full disk say: then less and less often."""
        now = time.monotonic()
        if self._postgres is None or self._postgres.is_alive or now < self._postgres_not_before:
            return
        _log.error("postgres_died", meaning="starting it again")
        try:
            self._postgres.restart(ready_within_s=_POSTGRES_READY_S)
        except Exception:  # noqa: BLE001 - whatever it is, giving up would end the service
            wait_s = _BACK_OFF_S[min(self._postgres_failures, len(_BACK_OFF_S) - 1)]
            self._postgres_failures += 1
            self._postgres_not_before = time.monotonic() + wait_s
            _log.exception("postgres_does_not_start", again_in_s=wait_s)
        else:
            self._postgres_failures = 0

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.is_alive:
            if child.deaths and now - child.started_at > _SETTLED_S:
                child.deaths = 0
            return
        if child.process is not None:
            wait_s = _BACK_OFF_S[min(child.deaths, len(_BACK_OFF_S) - 1)]
            _log.error("process_died", name=child.name, code=child.process.returncode, again_in_s=wait_s)
            child.deaths += 1
            child.not_before = now + wait_s
            child.process = None
        if now >= child.not_before:
            child.start(self._environment)


def _end(child: Child) -> None:
    assert child.process is not None
    try:
        child.process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        _log.error("process_killed", name=child.name, after_s=_GRACE_S)
        child.process.kill()
        child.process.wait()
