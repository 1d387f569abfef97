"""HTTP/1.1 outwards over kept connections, for calls that are many and small.

The library that serves our rarer calls (httpx) takes a third of what an order costs the web process. This
speaks what gateways and merchants speak to each other: one request, one whole answer. It follows no redirect,
decodes no encoding and asks for none; the parser is the web server's own (llhttp).
"""

from __future__ import annotations

import asyncio
import select
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import httptools

MOST_IDLE: Final = 64  #: connections kept
IDLE_S: Final = 4.0  #: a kept connection is not used after so long: most servers hang up after five seconds
_MOST_HEAD_BYTES: Final = 65_536
_FINAL: Final = 200  #: below it, an answer is followed by another

_Address: TypeAlias = tuple[str, str, int]
#: The IP addresses that a (scheme, host, port) is called at; raises OSError when there is none.
Reach: TypeAlias = Callable[[str, str, int], Awaitable[Sequence[str]]]


class NotAnswered(Exception):
    """No whole answer came, in time or at all: what became of the call is not known."""


class AnswerTooLong(Exception):
    """The answer is longer than whoever asked takes."""


@dataclass(slots=True)
class Answer:
    """One whole answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)  #: names in lower case; of several, the last
    body: bytes = b""


class HttpCalls:
    """Calls over connections that are kept while they are used. Over https certificates are checked."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, reach: Reach | None = None) -> None:
        """`tls`: what https is spoken with; None: the system's certificates, read when first wanted.

        `reach`: who says at which addresses a host is called, each time; None: whatever its name leads to.
        """
        self._tls = tls
        self._reach = reach
        self._idle: dict[_Address, list[_Connection]] = {}

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float,
        most_bytes: int,
    ) -> Answer:
        """The answer to one call, whole within `timeout_s` and at most `most_bytes` of body.

        Raises:
            NotAnswered: it could not be carried, or no whole answer came.
            AnswerTooLong: the answer's body is longer.
        """
        parts = urlsplit(url)
        is_https, host = parts.scheme == "https", parts.hostname or ""
        address = (parts.scheme, host, parts.port or (443 if is_https else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        told = {"host": parts.netloc, "accept": "*/*", "content-length": str(len(body)), **headers}
        request = _head(method, target, told) + body
        try:
            async with asyncio.timeout(timeout_s):
                connection = self._take(address) or await self._connect(address)
                try:
                    answer = await connection.ask(request, most_bytes=most_bytes)
                except BaseException:
                    connection.close()
                    raise
        except (OSError, TimeoutError, httptools.HttpParserError) as error:
            raise NotAnswered(type(error).__name__) from error
        self._give_back(address, connection)
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _take(self, address: _Address) -> _Connection | None:
        """The one that was used last, if any is whole."""
        idle = self._idle.get(address, [])
        while idle:
            connection = idle.pop()
            if time.monotonic() - connection.used_at < IDLE_S and connection.is_quiet():
                return connection
            connection.close()
        return None

    def _give_back(self, address: _Address, connection: _Connection) -> None:
        if not connection.is_open:
            return
        if address not in self._idle:
            self._forget_others()
        idle = self._idle.setdefault(address, [])
        if len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()

    def _forget_others(self) -> None:
        """Whom we call may come back elsewhere; nobody answers at the old address."""
        self.close()

    async def _connect(self, address: _Address) -> _Connection:
        scheme, host, port = address
        if scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        failed: OSError = ConnectionError("no address")
        for where in [host] if self._reach is None else await self._reach(scheme, host, port):
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection,
                    where,
                    port,
                    ssl=self._tls if scheme == "https" else None,
                    server_hostname=host if scheme == "https" else None,
                )
            except OSError as error:
                failed = error
            else:
                return connection
        raise failed


class _Connection(asyncio.Protocol):
    """One connection, one call at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self.used_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._begin()

    async def ask(self, request: bytes, *, most_bytes: int) -> Answer:
        """Send `request` and wait for its answer."""
        assert self._transport is not None, "connected before it is asked"
        self._begin()
        self._most_bytes = most_bytes
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._waiting
        self.used_at = time.monotonic()
        return answer

    def is_quiet(self) -> bool:
        """Whether nothing came that nobody asked for: the other side's farewell, that is."""
        if not self.is_open or self._transport is None:
            return False
        unread = select.poll()
        unread.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not unread.poll(0)

    def close(self) -> None:
        """End it, at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer = Answer()
        self._body: list[bytes] = []
        self._body_bytes = self._head_bytes = 0
        self._most_bytes = 0
        self._has_head = False

    # ---------------------------------------------------------------- the transport's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.is_open = cast("asyncio.Transport", transport), True

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # nobody asked
            return
        self._head_bytes += 0 if self._has_head else len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
        except httptools.HttpParserUpgrade:
            self._fail(ConnectionError("an upgrade that nobody asked for"))
        if not self._has_head and self._head_bytes > _MOST_HEAD_BYTES:
            self._fail(ConnectionError("headers without end"))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        told = self._answer.headers.keys()
        ends_here = error is None and self._has_head and not {"content-length", "transfer-encoding"} & told
        if self._waiting is not None and not self._waiting.done():
            if ends_here:
                self._whole()
            else:
                self._waiting.set_exception(ConnectionResetError("hung up"))

    # ---------------------------------------------------------------- the parser's

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        self._has_head = True
        self._answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._most_bytes:
            self._fail(AnswerTooLong(f"more than {self._most_bytes} bytes"))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._answer.status < _FINAL:
            self._answer, self._has_head = Answer(), False
            return
        if not self._parser.should_keep_alive():
            self.is_open = False
        self._whole()

    def _whole(self) -> None:
        self._answer.body = b"".join(self._body)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.close()


def _head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any(ord(letter) < 32 for line in lines for letter in line) or " " in target:
        raise ValueError("a request that would break its own lines")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
