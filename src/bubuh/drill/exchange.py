"""Raw HTTP/1.1 over one kept connection: what a client costs must not be the ceiling of a drill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import msgspec

from bubuh.core.errors import Fault

_TIMEOUT_S: Final = 30.0
_MOST_BYTES: Final = 16 * 2**20
IDLE_S: Final = 4.0  #: a kept connection is not used after so long: services hang up after five seconds


class NoAnswer(Fault):
    """The connection could not be made or ended early, or nothing came in time: the outcome is unknown."""

    code = "no_answer"

    @property
    def why(self) -> str:
        """What kind of failure it was."""
        return str(self).partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()  #: each Set-Cookie

    @property
    def is_success(self) -> bool:
        """Whether the service did it."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as an object; raises `NoAnswer` when it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise NoAnswer(f"{self.status}: {self.body[:80]!r}") from error


class Line:
    """A connection to one address, made when it is wanted and again when it broke. One call at a time."""

    def __init__(self, *, source: str | None = None, idle_s: float = IDLE_S) -> None:
        """`source`: the address of this machine to call from; None: any. One idle for `idle_s` is let go."""
        self._source = None if source is None else (source, 0)
        self._idle_s = idle_s
        self._used_at = 0.0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._address: str | None = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        hang_up: bool = False,
    ) -> Reply:
        """Send one request and read its answer. With `hang_up` the answer is not waited for.

        Raises:
            NoAnswer: whether the request was carried out is not known.
        """
        target = urlsplit(url)
        path = f"{target.path}?{target.query}" if target.query else target.path
        told = {"Host": target.netloc, "Content-Length": str(len(body)), **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {told[name]}\r\n" for name in told)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reader, writer = await self._connected(target.netloc)
                writer.write(head.encode("latin-1") + b"\r\n" + body)
                await writer.drain()
                return _hung_up() if hang_up else await self._answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection, if there is one; the next call makes another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _connected(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # a service ends a connection on which nobody asks for a while, and a request may meet its farewell
        is_stale = time.monotonic() - self._used_at >= self._idle_s
        if self._streams is None or self._address != address or is_stale or self._streams[0].at_eof():
            self.close()
            host, _, port = address.rpartition(":")
            self._streams, self._address = await self._open(host, int(port)), address
        return self._streams

    async def _open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(host, port, local_addr=self._source)

    async def _answer(self, reader: asyncio.StreamReader) -> Reply:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        told = [(name.strip().lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]
        headers = dict(told)
        size = int(headers["content-length"]) if "content-length" in headers else 0
        if size > _MOST_BYTES or "chunked" in headers.get("transfer-encoding", ""):
            raise ValueError("an answer of unknown or too great a length")
        body = await reader.readexactly(size)
        if headers.get("connection", "").lower() == "close":
            self.close()
        self._used_at = time.monotonic()
        cookies = tuple(value for name, value in told if name == "set-cookie")
        return Reply(status=int(first.split()[1]), headers=headers, body=body, cookies=cookies)


def _hung_up() -> NoReturn:
    raise NoAnswer("its caller hung up")
