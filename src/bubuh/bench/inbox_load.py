"""The load of `bench inbox`, a process of its own: senders of signed notices over kept connections.

`python -m bubuh.bench.inbox_load`: `Load` (MessagePack) comes on standard input; what was seen leaves on
standard output (`Seen`).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import sys
import time
from collections.abc import Iterator
from itertools import count
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from bubuh.core.ids import fresh_account_id, fresh_id, show_id

_PATH: Final = "/gateway/development/notices"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: ([0-9]+)", re.IGNORECASE)
_ORDERS: Final = 256  #: numbers of orders, of any shard, of which the others are made
_COUNTED: Final = 9  #: letters of an order's number that are counted up: digits are letters of it


class Load(msgspec.Struct, frozen=True):
    """Who sends what."""

    url: str
    secret: bytes
    senders: int
    seconds: float
    per_s: float | None = None  #: together; None: as fast as they are answered
    reference: str | None = None  #: one notice about it, again and again; None: each of an order nobody has
    most: int = 10**9  #: notices in all


class Seen(msgspec.Struct, frozen=True):
    """What the senders saw."""

    waits_s: list[float]  #: from the hour a notice was due to its answer
    late: int  #: how many of these answers came in the second half of the time
    elapsed_s: float
    cpu_s: float  #: of this process, for making, signing and sending them


class _Notices:
    """Makes requests, each a notice of its own, or all of one: signed at their hour, as a gateway does."""

    def __init__(self, load: Load) -> None:
        target = urlsplit(load.url)
        self._head = f"POST {_PATH} HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Type: application/json\r\n"
        self._secret = load.secret
        self._copied = load.reference
        ids = (fresh_id(fresh_account_id()) for _ in range(_ORDERS))
        self._orders = [show_id("ord", one)[:-_COUNTED] for one in ids]

    def request(self, number: int) -> bytes:
        """The whole request for notice `number` of this run."""
        event = "copies" if self._copied else secrets.token_hex(16)
        reference = self._copied or f"{self._orders[number % _ORDERS]}{number:0{_COUNTED}}-1"
        body = (
            f'{{"event_id":"evt_{event}","charge":{{"reference":"{reference}","state":"paid","currency":"IDR",'
            f'"payments":[{{"payment_no":"pay_{event}","amount":10000,"currency":"IDR",'
            f'"paid_at":"2026-11-22T07:00:00Z"}}]}}}}'
        )
        timestamp = str(int(time.time()))
        signature = hmac.digest(self._secret, f"{timestamp}.{body}".encode(), "sha256").hex()
        head = (
            f"{self._head}Content-Length: {len(body)}\r\nBubuh-Dev-Timestamp: {timestamp}\r\n"
            f"Bubuh-Dev-Signature: {signature}\r\n\r\n"
        )
        return (head + body).encode()


class _Sender(asyncio.Protocol):
    """One kept connection, each notice at its hour, one at a time; anything but success ends the bench.

    No streams and no tasks: what the senders cost is in the figure.
    """

    def __init__(self, load: Load, notices: _Notices, numbers: Iterator[int], begun: float) -> None:
        self._load, self._notices, self._numbers, self._begun = load, notices, numbers, begun
        self._due = 0.0
        self.waits_s: list[float] = []
        self.late = 0
        self.done = asyncio.get_running_loop().create_future()
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Note the answer once it is whole, and send the next."""
        self._answer += data
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self._end(f"answered {self._answer[:200]!r}")
            return
        self._answer = b""
        now = time.monotonic()
        self.waits_s.append(now - self._due)
        self.late += now >= self._begun + self._load.seconds / 2
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The service hung up on somebody who waits."""
        self._end(f"hung up: {exc}")

    def _next(self) -> None:
        number, now = next(self._numbers), time.monotonic()
        due = now if self._load.per_s is None else self._begun + number / self._load.per_s
        if number >= self._load.most or max(due, now) >= self._begun + self._load.seconds:
            self._end(None)
            self._transport.close()
        elif due > now:
            asyncio.get_running_loop().call_later(due - now, self._send, number, due)
        else:
            self._send(number, due)

    def _send(self, number: int, due: float) -> None:
        self._due = due
        self._transport.write(self._notices.request(number))

    def _end(self, why: str | None) -> None:
        if self.done.done():
            return
        if why is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(RuntimeError(why))


def _length(head: bytes) -> int:
    """What Content-Length says."""
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


async def _drive(load: Load) -> Seen:
    spent_s, begun, numbers, notices = time.process_time(), time.monotonic(), count(), _Notices(load)
    target, loop = urlsplit(load.url), asyncio.get_running_loop()
    assert target.hostname is not None, "a service's own address"
    senders = [
        (
            await loop.create_connection(
                lambda: _Sender(load, notices, numbers, begun), target.hostname, target.port or 80
            )
        )[1]
        for _ in range(load.senders)
    ]
    await asyncio.gather(*(sender.done for sender in senders))
    waits_s = [wait_s for sender in senders for wait_s in sender.waits_s]
    return Seen(
        waits_s=waits_s,
        late=sum(sender.late for sender in senders),
        elapsed_s=time.monotonic() - begun,
        cpu_s=time.process_time() - spent_s,
    )


def main() -> None:
    """See the module."""
    load = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_drive(load))))


if __name__ == "__main__":
    main()
