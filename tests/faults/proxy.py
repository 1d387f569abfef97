"""A line that can be cut: forwards bytes between clients and a server, or holds them back, or ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Between clients and one server, in this loop."""

    def __init__(self, server: tuple[str, int] | Path) -> None:
        self._server = server
        self._open: set[asyncio.Task[None]] = set()
        self._asks_pass = asyncio.Event()
        self._answers_pass = asyncio.Event()
        self._withheld = asyncio.Event()
        self.url = ""
        self.restore()

    @classmethod
    @asynccontextmanager
    async def tcp(cls, host: str, port: int) -> AsyncIterator[Self]:
        """In front of a TCP server, on a port of its own."""
        proxy = cls((host, port))
        server = await asyncio.start_server(proxy._meet, "127.0.0.1", 0)
        proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxy._serving(server):
            yield proxy

    @classmethod
    @asynccontextmanager
    async def at_socket(cls, path: Path) -> AsyncIterator[Self]:
        """In the place of a unix socket: whoever connects to `path` from now on comes through here."""
        real = path.with_name(path.name + ".real")
        os.rename(path, real)  # noqa: PTH104 - a moment, in a test
        proxy = cls(real)
        try:
            server = await asyncio.start_unix_server(proxy._meet, path)
            os.chmod(path, 0o777)  # noqa: PTH101
            async with proxy._serving(server):
                yield proxy
        finally:
            os.rename(real, path)  # noqa: PTH104

    def part(self) -> None:
        """Nothing passes either way; nobody is told."""
        self._asks_pass.clear()
        self._answers_pass.clear()

    def withhold_answers(self) -> None:
        """What clients send passes, what the server answers does not."""
        self._asks_pass.set()
        self._answers_pass.clear()
        self._withheld.clear()

    def restore(self) -> None:
        """All passes, what was held back first."""
        self._asks_pass.set()
        self._answers_pass.set()

    def cut(self) -> None:
        """End every connection; what was held back is lost."""
        for line in list(self._open):
            line.cancel()

    async def answer_withheld(self) -> None:
        """Wait until the server has answered into the void."""
        async with asyncio.timeout(30):
            await self._withheld.wait()

    @asynccontextmanager
    async def _serving(self, server: asyncio.Server) -> AsyncIterator[None]:
        try:
            yield
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._open.add(line)
        ends: list[asyncio.StreamWriter] = [writer]
        try:
            there_reader, there_writer = await self._reach()
            ends.append(there_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(reader, there_writer, self._asks_pass))
                both.create_task(_pass(there_reader, writer, self._answers_pass, self._withheld))
        except* (OSError, _Ended):
            pass
        finally:
            self._open.discard(line)
            for end in ends:
                end.close()

    async def _reach(self) -> Streams:
        if isinstance(self._server, Path):
            return await asyncio.open_unix_connection(self._server)
        return await asyncio.open_connection(*self._server)


class _Ended(Exception):
    """One end has closed; the other follows."""


async def _pass(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    may: asyncio.Event,
    held: asyncio.Event | None = None,
) -> None:
    while piece := await reader.read(2**16):
        if not may.is_set() and held is not None:
            held.set()
        await may.wait()
        writer.write(piece)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    raise _Ended
