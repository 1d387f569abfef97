from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bubuh.drill.exchange import Line, NoAnswer
from bubuh.drill.lines import Lines

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, asyncio.Queue[bytes]]]:
    """A server that gives one of `answers` a request, then ends the connection; what it was asked."""
    asked: asyncio.Queue[bytes] = asyncio.Queue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            asked.put_nowait(head + await reader.readexactly(size))
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}", asked


OK = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nETag: "x"\r\n\r\n{"a": 1}'


async def test_two_calls_go_over_one_connection() -> None:
    async with answering(OK, OK) as (url, asked):
        line = Line()
        first = await line.call("GET", f"{url}/v1/x?y=1", headers={"Authorization": "Bearer k"})
        second = await line.call("POST", f"{url}/v1/x", body=b"{}")
        line.close()
    assert (first.status, first.json(), first.headers["etag"]) == (200, {"a": 1}, '"x"')
    assert second.is_success
    asked_first = asked.get_nowait()
    assert asked_first.startswith(b"GET /v1/x?y=1 HTTP/1.1\r\n")
    assert b"Authorization: Bearer k\r\n" in asked_first
    assert asked.get_nowait().endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("answer", [b"", OK[:-3], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
async def test_half_an_answer_is_none_and_the_next_call_makes_a_new_connection(answer: bytes) -> None:
    line = Line()
    async with answering(answer) as (url, _):
        with pytest.raises(NoAnswer):
            await line.call("GET", url)
    async with answering(OK) as (url, _):
        assert (await line.call("GET", url)).is_success
    line.close()


async def test_nobody_there_is_no_answer() -> None:
    async with answering(OK) as (url, _):
        pass
    with pytest.raises(NoAnswer):
        await Line().call("GET", url)


async def test_a_caller_that_hangs_up_has_sent_its_request() -> None:
    async with answering(OK) as (url, asked):
        line = Line()
        with pytest.raises(NoAnswer, match="hung up"):
            await line.call("POST", f"{url}/v1/x", body=b"{}", hang_up=True)
        async with asyncio.timeout(5):
            heard = await asked.get()
    assert heard.endswith(b"{}")


async def test_a_connection_that_was_idle_for_long_is_not_used_again() -> None:
    made = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        for idle_s, wanted in ((60.0, 1), (0.0, 3)):
            made, line = 0, Line(idle_s=idle_s)
            for _ in range(3):
                assert (await line.call("GET", url)).is_success
            line.close()
            assert made == wanted


async def test_why_there_was_no_answer_is_told() -> None:
    async with answering(b"") as (url, _):
        with pytest.raises(NoAnswer) as raised:
            await Line().call("GET", url)
    assert raised.value.why == "IncompleteReadError"


async def test_connections_have_a_limit_and_who_waited_for_one_is_told() -> None:
    lines = Lines(2)

    async def use() -> None:
        async with lines.one():
            await asyncio.sleep(0.02)

    await asyncio.gather(*(use() for _ in range(6)))
    told = lines.facts()
    assert (told["limit"], told["most"]) == (2, 2)
    assert told["longest_wait_s"] >= 0.03
