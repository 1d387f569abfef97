"""The service under drill: started the way anybody starts it, in a folder of its own, ended with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bubuh.core.errors import Fault
from bubuh.drill.exchange import Line, NoAnswer
from bubuh.settings import NotRunning, RunFile

_READY_WITHIN_S: Final = 120.0
_END_WITHIN_S: Final = 90.0
_TICK_S: Final = 0.1


class DrillImpossible(Fault):
    """The service under drill does not start, or does not end."""

    code = "drill_impossible"


class Service:
    """One `bubuh up` over `data`, and every process below it."""

    def __init__(self, data: Path, up: subprocess.Popen[bytes]) -> None:
        """`up` was just started."""
        self.data = data
        self.up = up
        self._run: RunFile | None = None

    @property
    def run(self) -> RunFile:
        """Where its parts listen; raises `NotRunning` between the death of `up` and the next one."""
        if self._run is None or self._run.pids["up"] != self.up.pid:
            run = RunFile.read(self.data)
            if run.pids.get("up") != self.up.pid or run.web is None:
                raise NotRunning("the run file is of the run before")
            self._run = run
        return self._run

    @property
    def url(self) -> str:
        """Where site and API are; raises `NotRunning`."""
        web = self.run.web
        assert web is not None, "looked at before it was kept"
        return web

    def children(self, name: str) -> list[int]:
        """Living processes of a role: web, worker, signer, gateway, postgres."""
        return [pid for pid, parent in _processes() if parent == self.up.pid and _role(pid) == name]

    def below(self, name: str) -> list[int]:
        """Living children of a role's processes: sandboxes of web and worker, backends of postgres."""
        parents = set(self.children(name))
        return [pid for pid, parent in _processes() if parent in parents]

    def roles(self) -> dict[str, list[int]]:
        """Living processes by role, the children of each among them: one look at all there are."""
        parents = dict(_processes())
        found: dict[str, list[int]] = {}
        own = {pid: _role(pid) for pid, parent in parents.items() if parent == self.up.pid}
        for pid, parent in parents.items():
            role = own.get(pid) or own.get(parent)
            if role is not None:
                found.setdefault(role, []).append(pid)
        return found

    def start_again(self) -> None:
        """Start `up` anew after it was killed; the caller waits with `until_ready`."""
        self.up.wait()
        self.up = _start(self.data)

    async def until_ready(self) -> None:
        """Raises `DrillImpossible` when it ends or takes too long."""
        give_up, line = time.monotonic() + _READY_WITHIN_S, Line()
        while time.monotonic() < give_up and self.up.poll() is None:
            try:
                if (await line.call("GET", f"{self.url}/health/ready")).is_success:
                    line.close()
                    return
            except (NotRunning, NoAnswer):
                self._run = None
            await asyncio.sleep(_TICK_S)
        raise DrillImpossible(f"not ready; see {self.data.parent / 'up.log'} and {self.data / 'logs'}")

    async def stop(self) -> None:
        """End it as an operator would, with a signal to its parent."""
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.up.wait, _END_WITHIN_S)
        except subprocess.TimeoutExpired as error:
            raise DrillImpossible(f"process {self.up.pid} does not end") from error


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Service]:
    """A ready service over `data`, whose parent folder takes its log; ended with the block."""
    service = Service(data, _start(data))
    try:
        await service.until_ready()
        yield service
    finally:
        await service.stop()


def _start(data: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BUBUH_")}
    with (data.parent / "up.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bubuh", "up", "--port", "0", "--data", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the drill, which ends it in order
        )


def _processes() -> Iterator[tuple[int, int]]:
    """(process id, its parent's) of all that live; a zombie does not."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            fields = _read(process / "stat").rpartition(b") ")[2].split()
            if len(fields) > 1 and fields[0] != b"Z":
                yield int(process.name), int(fields[1])


def _role(pid: int) -> str:
    """What a child of `up` is, by its command line."""
    words = _read(Path("/proc") / str(pid) / "cmdline").decode("utf-8", "replace").split("\0")
    if Path(words[0]).name == "postgres":
        return "postgres"
    return words[words.index("bubuh") + 1] if "bubuh" in words[:-1] else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile
        return b""
