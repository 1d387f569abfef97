"""A gate of one's own to rehearse on, without the rest of the service, and clients that speak raw HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self, cast

from bubuh.core.errors import Fault
from bubuh.core.privileges import Uids
from bubuh.settings import RunFile
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.wiring.folder import open_folder
from bubuh.wiring.room import settle_room

_READY_WITHIN_S: Final = 30.0
_BACKLOG: Final = 4_096
_HZ: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class GateNotReady(Fault):
    """The gate did not answer in time; its log says why."""

    code = "gate_not_ready"


class GateProcess:
    """`bubuh gate` over `folder`; its socket stays open while it is down, as under `bubuh up`."""

    def __init__(self, folder: Path, ear: socket.socket) -> None:
        """See `prepare`."""
        self._folder, self._ear = folder, ear
        self.port: int = ear.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def prepare(cls, path: Path, room: RoomFile) -> Self:
        """A data folder with keys and `room`, and a socket; nothing is started."""
        uids = Uids.here()
        folder = open_folder(path, uids)
        settle_room(folder, uids.app)
        write_room_file(folder.room, room, uid=uids.app)
        made = cls(folder.path, socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
        RunFile(web="http://127.0.0.1:1", gate=f"http://127.0.0.1:{made.port}").write(folder.path)
        return made

    def start(self) -> float:
        """Start it; the seconds until it answers. Raises `GateNotReady`."""
        began = time.monotonic()
        with (self._folder / "logs" / "gate.log").open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "bubuh", "gate", "--fd", str(self._ear.fileno())],
                env={**os.environ, "BUBUH_DATA": str(self._folder)},
                pass_fds=[self._ear.fileno()],
                stdout=out,
                stderr=out,
            )
        asyncio.run(self._until_ready(began + _READY_WITHIN_S))
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)
        self._ear.close()

    def cpu_s(self) -> float:
        """Processor seconds it has used. Source: proc_pid_stat(5)."""
        fields = self._stat("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _HZ

    def memory_bytes(self) -> int:
        """What it holds of memory. Source: proc_pid_statm(5)."""
        return int(self._stat("statm").split()[1]) * _PAGE_BYTES

    def _stat(self, name: str) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="ascii")

    async def _until_ready(self, give_up: float) -> None:
        while True:
            try:
                await ask_once(self.port, b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            except (ConnectionError, TimeoutError):
                assert self._process is not None
                if time.monotonic() > give_up or self._process.poll() is not None:
                    raise GateNotReady(str(self._folder / "logs" / "gate.log")) from None
            else:
                return


async def ask_once(port: int, request: bytes, *, timeout_s: float = 1.0) -> bytes:
    """The body of one answer; raises ConnectionError, TimeoutError."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            return await _read_body(reader)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error
        finally:
            writer.close()


async def _read_body(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().index(b"content-length:")
    return await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))


class Caller(asyncio.Protocol):
    """One connection that repeats a request for as long as `more` says so, and hands each body on."""

    def __init__(self, request: bytes, more: Callable[[], bool], answered: Callable[[bytes], None]) -> None:
        """`answered` gets the whole answer, head and body."""
        self._request, self._more, self._answered = request, more, answered
        self._got = b""
        self._transport: asyncio.WriteTransport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by its class
        self._next()

    def data_received(self, data: bytes) -> None:
        """Hand a whole answer on, and ask again."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.find(b"content-length: ")
        if at < 0:  # nginx's
            at = head.index(b"Content-Length: ")
        size = int(head[at + 16 : at + 24].partition(b"\r")[0])
        if len(body) < size:
            return
        answer, self._got = self._got, b""
        self._answered(answer)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The gate is gone, or we are done."""
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def hang_up(self) -> None:
        """Wait for no answer any more."""
        assert self._transport is not None
        self._transport.abort()

    def _next(self) -> None:
        assert self._transport is not None
        if self._more():
            self._transport.write(self._request)
        else:
            self._transport.close()
