"""The inbox's bench: its senders sign what they send, and copies of one notice are one credit."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys

import msgspec
import pytest

from bubuh.bench.inbox_load import Load, Seen

SECRET = b"between the gateway and us"


async def head_of(reader: asyncio.StreamReader) -> list[str]:
    """The lines of the next request, in lower case; none when there is no more."""
    lines = []
    while line := (await reader.readline()).decode().lower().strip():
        lines.append(line)
    return lines


async def test_the_senders_sign_what_they_send_and_say_how_long_it_took() -> None:
    events: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while lines := await head_of(reader):
            said = dict(line.split(": ", 1) for line in lines[1:])
            body = await reader.readexactly(int(said["content-length"]))
            text = said["bubuh-dev-timestamp"].encode() + b"." + body
            assert hmac.new(SECRET, text, hashlib.sha256).hexdigest() == said["bubuh-dev-signature"]
            events.append(json.loads(body)["event_id"])
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    load = Load(url=url, secret=SECRET, senders=3, seconds=20.0, most=30)
    senders = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bubuh.bench.inbox_load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await senders.communicate(msgspec.msgpack.encode(load))
    server.close()
    assert senders.returncode == 0
    assert len(msgspec.msgpack.decode(told, type=Seen).waits_s) == len(set(events)) == 30


@pytest.mark.service
@pytest.mark.long
def test_a_short_run_keeps_what_was_sent_and_credits_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bubuh", "bench", "inbox", "--seconds", "1", "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["kept"] == told["sent"] > 100
    assert (told["copies"], told["credited_stamps"]) == (1_000, 1)
    assert 0 < told["steady_p50_ms"] <= told["steady_p99_ms"]
