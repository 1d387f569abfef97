"""What the inbox takes: notices a second with their senders on the same machine, and how long one waits.

The service is the one that `bubuh up` starts, in a folder of its own; the senders are another process. The
notices are genuine, of orders that do not exist: each is checked, kept, and looked at by the worker.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from bubuh.bench.inbox_load import Load, Seen
from bubuh.bench.spent import PARTS, cpu_s_by_part
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.exchange import Line
from bubuh.drill.service import Service, running
from bubuh.wiring.folder import DataFolder

STEADY_PER_S: Final = 500.0
_SENDERS: Final = 50
_COPIES: Final = 1_000
_WARM_UP_S: Final = 2.0
_CREDITED_WITHIN_S: Final = 10.0
_BACKLOG_S: Final = 120.0  #: by then the worker has looked at all that came before
_KEPT: Final = "SELECT count(*) FROM payment_notices WHERE gateway = 'development'"

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What the run showed."""

    seconds: float  #: each of the next two was to take
    flat_out: Seen  #: senders who wait for nothing but their answer
    cpu_s: dict[str, float]  #: that the service spent on that, by part
    steady: Seen  #: STEADY_PER_S a second
    kept: int  #: notices in the inbox after both
    sent: int
    stamps: int  #: credited for one notice that came _COPIES times

    def facts(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "notices_per_s": round(len(self.flat_out.waits_s) / self.flat_out.elapsed_s, 1),
            "second_half_per_s": round(self.flat_out.late / (self.flat_out.elapsed_s - self.seconds / 2), 1),
            "flat_out_p99_ms": _cut_ms(self.flat_out, 99),
            "steady_per_s": round(len(self.steady.waits_s) / self.steady.elapsed_s, 1),
            "steady_p50_ms": _cut_ms(self.steady, 50),
            "steady_p99_ms": _cut_ms(self.steady, 99),
            "sent": self.sent,
            "kept": self.kept,
            "copies": _COPIES,
            "credited_stamps": self.stamps,
            "cpu_ms_per_notice": {
                part: round(spent_s / max(1, len(self.flat_out.waits_s)) * 1e3, 3)
                for part, spent_s in {**self.cpu_s, "load": self.flat_out.cpu_s}.items()
            },
        }


def measure_inbox(*, seconds: float, told: Told = lambda _share: None) -> Report:
    """Send for `seconds` flat out and as long steadily, after a warm-up; then one notice 1,000 times."""
    with tempfile.TemporaryDirectory(prefix="bubuh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(_measured(Path(folder) / "data", seconds=seconds, told=told))


async def _measured(data: Path, *, seconds: float, told: Told) -> Report:
    async with running(data) as service:
        secret = DataFolder(service.data).read_secret("gateway.secret")
        flat = Load(url=service.url, secret=secret, senders=_SENDERS, seconds=_WARM_UP_S)
        warm = await _seen(flat)
        told(0.1)
        before = cpu_s_by_part(service)
        flat_out = await _seen(msgspec.structs.replace(flat, seconds=seconds))
        after = cpu_s_by_part(service)
        told(0.5)
        steady = await _seen(msgspec.structs.replace(flat, seconds=seconds, per_s=STEADY_PER_S))
        told(0.9)
        async with await Database.open(service.run.databases[APP], size=1) as db:
            kept = int(await db.fetchval(_KEPT))
        stamps = await _copied(service, flat)
        told(1.0)
    sent = sum(len(seen.waits_s) for seen in (warm, flat_out, steady))
    spent = {part: after[part] - before[part] for part in PARTS}
    return Report(seconds, flat_out, spent, steady, kept, sent, stamps)


async def _copied(service: Service, flat: Load) -> int:
    """An order of one stamp, told to be paid _COPIES times, _SENDERS at a time; the stamps there then."""
    line = Line()
    account = (await line.call("POST", f"{service.url}/dev/accounts")).json()
    own = {"Authorization": f"Bearer {account['key']}", "Content-Type": "application/json"}
    order = await line.call(
        "POST",
        f"{service.url}/v1/orders",
        headers={**own, "Idempotency-Key": "inbox"},
        body=b'{"stamps":1,"method":"qris"}',
    )
    copies = msgspec.structs.replace(flat, reference=f"{order.json()['id']}-1", most=_COPIES, seconds=60.0)
    await _seen(copies)

    async def free() -> int:
        return int((await line.call("GET", f"{service.url}/v1/quota", headers=own)).json()["free"])

    give_up = time.monotonic() + _BACKLOG_S
    # the notices before these are looked at first
    while not await free() and time.monotonic() < give_up:  # noqa: ASYNC110 -- a service is waited for
        await asyncio.sleep(_CREDITED_WITHIN_S / 10)
    await asyncio.sleep(_CREDITED_WITHIN_S)  # what is credited a second time is seen by then
    stamps = await free()
    line.close()
    return stamps


async def _seen(load: Load) -> Seen:
    """What the senders saw, in a process of their own."""
    senders = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bubuh.bench.inbox_load"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await senders.communicate(msgspec.msgpack.encode(load))
    if senders.returncode != 0:
        raise RuntimeError(f"the load ended with {senders.returncode}")
    return msgspec.msgpack.decode(told, type=Seen)


def _cut_ms(seen: Seen, cut: int) -> float:
    return round(statistics.quantiles(seen.waits_s, n=100, method="inclusive")[cut - 1] * 1e3, 1)
