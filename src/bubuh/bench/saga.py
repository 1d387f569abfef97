"""What the whole service stamps a second over HTTP, on this machine, load and all: upload, stamp, download.

The service is the one that `bubuh up` starts, in a folder of its own; its users are another process. CPU
time is that of every process below either, so that the database's share of it can be told.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from bubuh.bench.files import text_page
from bubuh.bench.saga_load import Load, Seen
from bubuh.bench.spent import PARTS, cpu_s_by_part
from bubuh.db.home import SUPERUSER
from bubuh.db.pool import connect
from bubuh.db.roles import OWNER
from bubuh.drill.exchange import Line
from bubuh.drill.service import Service, running

USERS: Final = 100
_ENOUGH: Final = 1_000_000  #: stamps an account gets
_WARM_UP_S: Final = 5.0
_LEDGER: Final = "quota_%"  #: the functions that move quota

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What the run showed. Shares are of the CPU time of service and load together."""

    stamps: int
    elapsed_s: float
    waits_s: list[float]
    cpu_s: dict[str, float]  #: by part
    ledger_s: float  #: spent inside the ledger's functions

    def facts(self) -> dict[str, Any]:
        """As one JSON object."""
        cuts = statistics.quantiles(self.waits_s, n=100, method="inclusive")
        spent = sum(self.cpu_s.values())
        return {
            "stamps_per_s": round(self.stamps / self.elapsed_s, 1),
            "p50_ms": round(cuts[49] * 1e3, 1),
            "p99_ms": round(cuts[98] * 1e3, 1),
            "ledger_cpu_share": round(self.ledger_s / spent, 4),
            "database_cpu_share": round(self.cpu_s["postgres"] / spent, 4),
            "cpu_ms_per_stamp": {part: round(s / self.stamps * 1e3, 3) for part, s in self.cpu_s.items()},
            "users": USERS,
            "seconds": round(self.elapsed_s, 1),
        }


def measure_saga(*, seconds: float, told: Told = lambda _share: None) -> Report:
    """Users who stamp as fast as they can for `seconds`, after a warm-up, on a service of their own."""
    with tempfile.TemporaryDirectory(prefix="bubuh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        return asyncio.run(_measured(Path(folder) / "data", seconds=seconds, told=told))


async def _measured(data: Path, *, seconds: float, told: Told) -> Report:
    async with running(data) as service:
        load = Load(keys=await _rich_accounts(service), document=text_page())
        told(0.1)
        await _seen(service.url, load, seconds=_WARM_UP_S)
        told(0.2)
        watch = await connect(service.run.databases[OWNER].replace(OWNER, SUPERUSER), role_checks=False)
        before, ledger_before = cpu_s_by_part(service), await _ledger_s(watch)
        seen = await _seen(service.url, load, seconds=seconds)
        after, ledger_after = cpu_s_by_part(service), await _ledger_s(watch)
        await watch.close()
        told(1.0)
    cpu_s = {part: after[part] - before[part] for part in PARTS} | {"load": seen.cpu_s}
    return Report(len(seen.waits_s), seen.elapsed_s, seen.waits_s, cpu_s, ledger_after - ledger_before)


async def _rich_accounts(service: Service) -> list[str]:
    """Keys of new accounts that will not run out of quota; time in the ledger is measured from here on."""
    line = Line()
    keys = [(await line.call("POST", f"{service.url}/dev/accounts")).json()["key"] for _ in range(USERS)]
    line.close()
    admin = await connect(service.run.databases[OWNER].replace(OWNER, SUPERUSER), role_checks=False)
    await admin.execute("ALTER SYSTEM SET track_functions = 'pl'")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.execute(
        "SELECT quota_allot_n((id % 64)::smallint, ARRAY[gen_random_uuid()], ARRAY[id], ARRAY[$1::bigint],"
        " ARRAY['minted'], ARRAY['bench']) FROM accounts",
        _ENOUGH,
    )
    await admin.close()
    return keys


async def _seen(url: str, load: Load, *, seconds: float) -> Seen:
    """What the users saw, in a process of their own."""
    users = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bubuh.bench.saga_load", url, str(seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await users.communicate(msgspec.msgpack.encode(load))
    if users.returncode != 0:
        raise RuntimeError(f"the load ended with {users.returncode}")
    return msgspec.msgpack.decode(told, type=Seen)


async def _ledger_s(conn: asyncpg.Connection) -> float:
    """Seconds spent inside the functions that move quota, calls among them counted once."""
    await asyncio.sleep(1.5)  # a backend tells what it did once a second
    spent_ms = await conn.fetchval(
        "SELECT coalesce(sum(self_time), 0) FROM pg_stat_user_functions WHERE funcname LIKE $1", _LEDGER
    )
    return float(spent_ms) / 1e3
