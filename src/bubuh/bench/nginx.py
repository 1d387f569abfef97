"""What nginx takes with the configuration that is shipped: `now.json` and the waiting page from its files."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import uvloop

from bubuh.drill.gate import Caller, GateProcess
from bubuh.drill.nginx import Nginx, find_nginx

_CALLERS: Final = 64


def measure_nginx(
    folder: Path, gate: GateProcess, *, now: bytes, page: bytes, seconds: int
) -> dict[str, Any] | None:
    """Calls a second for so many `seconds` each; None where there is no nginx.

    `now` and `page` are requests. The generator is wrk where there is one, else ours: both run on the same
    machine, and their share of the processor time is told. nginx has one worker.
    """
    program = find_nginx()
    if program is None:
        return None
    nginx = Nginx.prepare(
        folder, program=program, data=(folder / "data").resolve(), site_port=9, gate_port=gate.port
    )
    nginx.start()
    try:
        wrk = shutil.which("wrk")
        return {
            "generator": "wrk" if wrk else "own",
            "now_json": _measure(nginx, wrk, "/now.json", now, seconds),
            "page": _measure(nginx, wrk, "/antre", page, seconds),
        }
    finally:
        nginx.stop()


def _measure(nginx: Nginx, wrk: str | None, path: str, request: bytes, seconds: int) -> dict[str, Any]:
    who = resource.RUSAGE_CHILDREN if wrk else resource.RUSAGE_SELF
    own_s, cpu_s, began = _cpu_s(who), nginx.cpu_s(), time.monotonic()
    calls = _by_wrk(wrk, nginx.port, path, seconds) if wrk else _by_ourselves(nginx.port, request, seconds)
    wall_s = time.monotonic() - began
    cpu_s, own_s = nginx.cpu_s() - cpu_s, _cpu_s(who) - own_s
    return {
        "calls": calls,
        "wall_s": round(wall_s, 2),
        "per_s": round(calls / wall_s),
        "nginx_cpu_s": round(cpu_s, 2),
        "generator_cpu_s": round(own_s, 2),
        "per_core_s": round(calls / max(cpu_s, 0.01)),
    }


def _by_wrk(wrk: str, port: int, path: str, seconds: int) -> int:
    done = subprocess.run(  # noqa: S603
        [
            wrk,
            "-t1",
            f"-c{_CALLERS}",
            f"-d{seconds}s",
            "-H",
            "accept-encoding: gzip",
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    found = re.search(r"(\d+) requests in", done.stdout)
    assert found is not None, done.stdout
    return int(found[1])


def _by_ourselves(port: int, request: bytes, seconds: int) -> int:
    """Until the time is over; only whole good answers count."""
    good, end = 0, time.monotonic() + seconds

    def answered(answer: bytes) -> None:
        nonlocal good
        assert b" 200 " in answer[:16]
        good += 1

    async def call() -> None:
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(
                lambda: Caller(request, lambda: time.monotonic() < end, answered), "127.0.0.1", port
            )
            for _ in range(_CALLERS)
        ]
        await asyncio.gather(*(caller.done for _, caller in made))

    uvloop.run(call())
    return good


def _cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime
