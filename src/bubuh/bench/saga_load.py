"""The load of `bench saga`, a process of its own: users who upload, stamp and download over kept connections.

`python -m bubuh.bench.saga_load URL SECONDS`: keys, one a user, and the document come on standard
input (`Load`, MessagePack); what they saw leaves on standard output (`Seen`).
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final
from uuid import uuid4

import msgspec
import uvloop

from bubuh.drill.exchange import Line, Reply

_FORM: Final = {
    "page": 1,
    "x": 400.0,
    "y": 600.0,
    "width": 70.0,
    "document_type": "surat lamaran",
    "document_no": "1",
    "document_date": "2026-11-22",
}


class Load(msgspec.Struct, frozen=True):
    """Who uploads what."""

    keys: list[str]
    document: bytes


class Seen(msgspec.Struct, frozen=True):
    """What the users saw."""

    waits_s: list[float]  #: from the first byte of an upload to the last one of the stamped document
    elapsed_s: float
    cpu_s: float  #: of this process


async def _user(url: str, key: str, document: bytes, end: float, waits_s: list[float]) -> None:
    """Stamp one document after the other; anything but success is a mistake, and ends the bench."""
    line, own = Line(), {"Authorization": f"Bearer {key}"}
    try:
        while (begun := time.monotonic()) < end:
            headers = own | {"Content-Type": "application/pdf", "Idempotency-Key": str(uuid4())}
            kept = await line.call("POST", f"{url}/v1/documents", headers=headers, body=document)
            form = _FORM | {"document_id": _done(kept).json()["id"]}
            headers = own | {
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid4()),
                "Prefer": "wait=30",
            }
            stamp = await line.call(
                "POST", f"{url}/v1/stamps", headers=headers, body=msgspec.json.encode(form)
            )
            shown = _done(stamp).json()
            if shown["state"] != "affixed":
                raise SystemExit(f"a stamp is {shown['state']} after 30 s")
            stamped = await line.call("GET", f"{url}/v1/stamps/{shown['id']}/document", headers=own)
            if not _done(stamped).body.startswith(document):
                raise SystemExit("a stamped document does not begin with its original")
            waits_s.append(time.monotonic() - begun)
    finally:
        line.close()


def _done(reply: Reply) -> Reply:
    if not reply.is_success:
        raise SystemExit(f"answered {reply.status}: {reply.body[:200]!r}")
    return reply


async def _drive(url: str, load: Load, seconds: float) -> Seen:
    waits_s: list[float] = []
    begun = time.monotonic()
    users = (_user(url, key, load.document, begun + seconds, waits_s) for key in load.keys)
    await asyncio.gather(*users)
    return Seen(waits_s=waits_s, elapsed_s=time.monotonic() - begun, cpu_s=time.process_time())


def main() -> None:
    """See the module."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    load = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Load)
    seen = uvloop.run(_drive(url, load, seconds))
    sys.stdout.buffer.write(msgspec.msgpack.encode(seen))


if __name__ == "__main__":
    main()
