"""The load of `bench inbox`, a process of its own: senders of signed notices over kept connections.

`python -m bubuh.bench.inbox_load`: `Load` (MessagePack) comes on standard input; what was seen leaves on
standard output (`Seen`).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sys
import time
from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import msgspec
import uvloop

from bubuh.core.ids import fresh_account_id, fresh_id, show_id
from bubuh.drill.exchange import Line

_PATH = "/gateway/development/notices"


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
    elapsed_s: float
    cpu_s: float  #: of this process


def _notice(event_id: str, reference: str) -> bytes:
    payment = {"payment_no": f"pay_{event_id}", "amount": 10_000, "currency": "IDR"}
    payment["paid_at"] = "2026-11-22T07:00:00Z"
    charge = {"reference": reference, "state": "paid", "currency": "IDR", "payments": [payment]}
    return msgspec.json.encode({"event_id": f"evt_{event_id}", "charge": charge})


async def _send(load: Load, numbers: Iterator[int], begun: float, waits_s: list[float]) -> None:
    """One sender: each notice at its hour, one at a time; anything but success ends the bench."""
    line = Line()
    for number in numbers:
        due = time.monotonic() if load.per_s is None else begun + number / load.per_s
        if number >= load.most or max(due, time.monotonic()) >= begun + load.seconds:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        reference = load.reference or f"{show_id('ord', fresh_id(fresh_account_id()))}-1"
        body = _notice("copies" if load.reference else uuid4().hex, reference)
        timestamp = str(int(time.time()))
        signature = hmac.new(load.secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Bubuh-Dev-Timestamp": timestamp,
            "Bubuh-Dev-Signature": signature,
            "Content-Type": "application/json",
        }
        reply = await line.call("POST", load.url + _PATH, headers=headers, body=body)
        if not reply.is_success:
            raise SystemExit(f"answered {reply.status}: {reply.body[:200]!r}")
        waits_s.append(time.monotonic() - due)
    line.close()


async def _drive(load: Load) -> Seen:
    waits_s: list[float] = []
    begun, numbers = time.monotonic(), count()
    await asyncio.gather(*(_send(load, numbers, begun, waits_s) for _ in range(load.senders)))
    return Seen(waits_s=waits_s, elapsed_s=time.monotonic() - begun, cpu_s=time.process_time())


def main() -> None:
    """See the module."""
    load = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_drive(load))))


if __name__ == "__main__":
    main()
