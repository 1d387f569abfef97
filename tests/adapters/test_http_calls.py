"""Calls to servers that misbehave: whatever they do, a call ends in time with an answer or a refusal."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from bubuh.adapters.gateway_calls import MOST_BYTES, GatewayCalls
from bubuh.adapters.http_calls import Answer, HttpCalls, NotAnswered
from bubuh.payments.refusals import GatewayMisspoke, GatewayUnavailable
from tests.adapters.tls import serving, write_certificate

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An address at which `serve` answers each connection."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller hung up, as it should
        finally:
            writer.close()

    listening = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


def saying(*answers: bytes, hang_up: bool = True) -> Serve:
    """Each request is answered by the next of `answers`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if not hang_up:
            await reader.read()

    return serve


async def ask(calls: HttpCalls, address: str, *, timeout_s: float = 2.0, most_bytes: int = 1_000) -> Answer:
    return await calls.send(
        "GET", f"{address}/a?b=1", body=b"", headers={}, timeout_s=timeout_s, most_bytes=most_bytes
    )


@pytest.fixture
def calls() -> HttpCalls:
    return HttpCalls()


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", 200, b"ok!"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 1\r\n\r\nx", 201, b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\nup to the end", 200, b"up to the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n", 302, b""),
    ],
)
async def test_an_answer_is_read_however_it_is_framed(
    calls: HttpCalls, answer: bytes, status: int, body: bytes
) -> None:
    async with server(saying(answer)) as address:
        told = await ask(calls, address)
    assert (told.status, told.body) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000,
    ],
)
async def test_half_an_answer_is_none(calls: HttpCalls, answer: bytes) -> None:
    async with server(saying(answer)) as address:
        with pytest.raises(NotAnswered):
            await ask(calls, address)


async def test_nobody_there_is_no_answer(calls: HttpCalls) -> None:
    async with server(saying()) as address:
        pass
    with pytest.raises(NotAnswered):
        await ask(calls, address)


async def test_a_connection_is_used_again_and_made_anew_when_it_broke(calls: HttpCalls) -> None:
    made = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        await saying(ok, ok, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")(
            reader, writer
        )

    async with server(serve) as address:
        for _ in range(3):
            assert (await ask(calls, address)).body == b"ok"
        assert made == 1
        assert (await ask(calls, address)).body == b"ok"
        assert made == 2
    calls.close()


async def test_a_farewell_that_we_had_no_time_to_hear_is_heard_before_the_next_call(calls: HttpCalls) -> None:
    ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

    def serve_one(listener: socket.socket, hung_up: threading.Event) -> None:
        """In a thread of its own, so that it hangs up while our loop stands still."""
        for _ in range(2):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(ok)
            connection.close()
            hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        hung_up = threading.Event()
        thread = threading.Thread(target=serve_one, args=(listener, hung_up))
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert (await ask(calls, address)).body == b"ok"
        hung_up.wait(5)
        assert (await ask(calls, address)).body == b"ok"
        thread.join(5)


async def test_a_slow_server_is_left_in_time(calls: HttpCalls) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with server(drip) as address:
        begun = time.monotonic()
        with pytest.raises(NotAnswered, match="TimeoutError"):
            await ask(calls, address, timeout_s=0.3)
    assert time.monotonic() - begun < 2  # it would have dripped for 20 s


async def test_two_gigabytes_are_cut_at_the_limit() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n")
        piece = bytes(65_536)
        for _ in range(2**31 // len(piece)):
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with server(flood) as address:
        gateway = GatewayCalls(address)
        with pytest.raises(GatewayMisspoke, match=f"more than {MOST_BYTES} bytes"):
            await gateway.send("GET", "/status", headers={})
        await gateway.close()
    assert sent < 64 * 2**20  # what lies in the buffers of the sockets, and not 2 GB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


async def test_https_is_spoken_with_whom_we_trust_and_nobody_else(certificate: Path) -> None:
    ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    trusting = HttpCalls(tls=ssl.create_default_context(cafile=str(certificate)))
    async with server(saying(ok, ok), serving(certificate)) as address:
        assert (await ask(trusting, address)).body == b"ok"
        with pytest.raises(NotAnswered, match="SSLCertVerificationError"):
            await ask(HttpCalls(), address)
    trusting.close()


async def test_tls_that_is_cut_is_no_answer(certificate: Path) -> None:
    """Cut in the handshake, and in the middle of an answer that says no length."""
    trusting = HttpCalls(tls=ssl.create_default_context(cafile=str(certificate)))

    async def cut_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.transport.abort()

    async with server(cut_early) as address:
        with pytest.raises(NotAnswered):
            await ask(trusting, address.replace("http:", "https:"))

    async def cut_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{"status": "pa')
        await writer.drain()
        writer.transport.abort()

    async with server(cut_late, serving(certificate)) as address:
        with pytest.raises(NotAnswered):
            await ask(trusting, address)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_not_now_is_no_answer_of_a_gateway(status: int) -> None:
    async with server(saying(f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode())) as address:
        gateway = GatewayCalls(address)
        with pytest.raises(GatewayUnavailable, match=str(status)):
            await gateway.send("GET", "/status", headers={})
        await gateway.close()


async def test_a_header_cannot_break_a_request(calls: HttpCalls) -> None:
    with pytest.raises(ValueError, match="break its own lines"):
        await calls.send(
            "GET", "http://127.0.0.1:1/", body=b"", headers={"x": "a\r\nb: c"}, timeout_s=1, most_bytes=1
        )


def test_the_loop_of_the_service_carries_calls_as_well() -> None:
    async def called() -> bytes:
        async with server(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) as address:
            return (await ask(HttpCalls(), address)).body

    assert uvloop.run(called()) == b"ok"
