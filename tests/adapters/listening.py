"""A server that says one thing, whatever it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def listening(answer: bytes, more: bytes = b"") -> AsyncIterator[str]:
    """A server that answers anything by `answer`, and by `more` for as long as it is read."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            while more:
                writer.write(more)
                await writer.drain()
        except ConnectionError:
            pass  # the client has had enough
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
