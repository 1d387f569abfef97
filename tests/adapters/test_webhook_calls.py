"""The door to addresses that strangers named: where it does not lead, and what it does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from bubuh.adapters.webhook_calls import MOST_ANSWER_BYTES, SystemLookup, WebhookCalls
from bubuh.webhooks.addresses import check_url
from bubuh.webhooks.ports import NotDelivered
from bubuh.webhooks.refusals import WebhookUrlRefused
from tests.adapters.test_http_calls import saying, server
from tests.adapters.tls import serving, write_certificate
from tests.webhooks.ear import listening

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Names:
    """A resolver whose answers are told beforehand, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def post(calls: WebhookCalls, url: str) -> int:
    return await calls.post(url, headers={"webhook-id": "evt_1"}, body=b"{}")


async def refused(calls: WebhookCalls, url: str) -> str:
    with pytest.raises(NotDelivered) as fault:
        await post(calls, url)
    return str(fault.value)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["10.1.2.3"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%lo"],
        ["8.8.8.8", "10.1.2.3"],
        [],
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_name_that_leads_inside_is_not_called(scheme: str, addresses: list[str]) -> None:
    with listening() as ear:
        port = ear.url.split(":")[2].split("/")[0]
        calls = WebhookCalls(may_be_here=False, lookup=Names(addresses))
        assert await refused(calls, f"{scheme}://distributor.example:{port}/") == "address_refused"
        assert ear.heard == []


async def test_the_system_s_names_for_this_machine_are_not_called_in_production() -> None:
    with listening() as ear:
        port = ear.url.split(":")[2].split("/")[0]
        for host in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]"):
            calls = WebhookCalls(may_be_here=False)
            assert await refused(calls, f"https://{host}:{port}/") in {"address_refused", "no_answer"}
        assert await post(WebhookCalls(may_be_here=True), f"http://localhost:{port}/") == 204
        assert len(ear.heard) == 1


async def test_a_name_that_changes_between_look_and_call_leads_nowhere_else(tmp_path: Path) -> None:
    """What was looked at is what is connected to: the name is asked for once a call."""
    certificate = write_certificate(tmp_path / "tls.pem", "distributor.example")
    trusted = ssl.create_default_context(cafile=certificate)
    async with server(saying(OK), tls=serving(certificate)) as address:
        port = address.rpartition(":")[2]
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        calls = WebhookCalls(may_be_here=True, tls=trusted, lookup=names)
        assert await post(calls, f"https://distributor.example:{port}/") == 200
        assert names.asked == ["distributor.example"]
        assert await refused(calls, f"https://distributor.example:{port}/") == "address_refused"
        assert names.asked == ["distributor.example"] * 2


async def test_the_certificate_is_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "tls.pem", "distributor.example")
    trusted = ssl.create_default_context(cafile=certificate)
    async with server(saying(OK), tls=serving(certificate)) as address:
        port = address.rpartition(":")[2]
        calls = WebhookCalls(may_be_here=True, tls=trusted, lookup=Names(["127.0.0.1"]))
        assert await refused(calls, f"https://other.example:{port}/") == "no_answer"


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with listening() as ear:
        port = ear.url.split(":")[2].split("/")[0]
        calls = WebhookCalls(may_be_here=True, lookup=Names(["127.0.0.2", "::1", "127.0.0.1"]))
        assert await post(calls, f"http://localhost:{port}/") == 204


async def test_a_redirect_is_an_answer_and_leads_nowhere() -> None:
    with listening() as inside:
        moved = f"HTTP/1.1 307 Moved\r\nlocation: {inside.url}\r\ncontent-length: 0\r\n\r\n".encode()
        async with server(saying(moved)) as address:
            assert await post(WebhookCalls(may_be_here=True), f"{address}/") == 307
        assert inside.heard == []


async def test_who_hangs_is_waited_for_only_so_long() -> None:
    async with server(saying(b"", hang_up=False)) as address:
        started = time.monotonic()
        assert await refused(WebhookCalls(may_be_here=True, timeout_s=0.3), f"{address}/") == "no_answer"
        assert time.monotonic() - started < 5


async def test_an_answer_that_drips_is_waited_for_only_so_long() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with server(drip) as address:
        assert await refused(WebhookCalls(may_be_here=True, timeout_s=0.4), f"{address}/") == "no_answer"


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    written = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while written < 1 << 30:
            writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            await writer.drain()
            written += 65_536

    async with server(pour) as address:
        assert await refused(WebhookCalls(may_be_here=True), f"{address}/") == "answer_too_long"
    assert written < 100 * MOST_ANSWER_BYTES


async def test_a_fault_does_not_tell_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path"
        assert await refused(WebhookCalls(may_be_here=True), url) == "no_answer"


async def test_a_name_that_nobody_has_is_a_fault() -> None:
    calls = WebhookCalls(may_be_here=True, lookup=SystemLookup())
    assert await refused(calls, "https://nobody.invalid/") == "no_answer"


class Encoded(Names):
    """Has the system's resolver take the name as it is, and asks nobody."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        with contextlib.suppress(socket.gaierror):
            socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
        return await super().__call__(host, port)


LETTERS = st.text("aZ0-_.~%/?&=:@[]\\#\"'<>|é\n\x00 ", max_size=80)


@pytest.mark.parametrize(
    "host", ["xn--", "xn--a", "-a", "_a.example", "a" * 63, "a." * 120 + "a", "1.2.3", "0x1"]
)
async def test_no_name_that_passes_makes_a_call_end_in_anything_but_a_status_or_a_fault(host: str) -> None:
    async def no_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no TLS at all")

    async with server(no_tls) as address:
        url = f"https://{host}:{address.rpartition(':')[2]}/"
        check_url(url, may_be_here=True)
        assert (
            await refused(WebhookCalls(may_be_here=True, lookup=Encoded(["127.0.0.1"])), url) == "no_answer"
        )


@given(host=LETTERS | st.text("a0-_.", min_size=1, max_size=70), path=LETTERS)
async def test_no_address_that_passes_does_either(host: str, path: str) -> None:
    url = f"https://{host}/{path}"
    try:
        check_url(url, may_be_here=True)
    except WebhookUrlRefused:
        return
    calls = WebhookCalls(may_be_here=True, lookup=Encoded(["127.0.0.1"]), timeout_s=1.0)
    await refused(calls, re.sub(r"(//[^/:]*)(:\d+)?/", r"\1:9/", url, count=1))
