"""Processor time by role, read from the kernel while the drill runs. Source: proc_pid_stat(5)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from bubuh.drill.service import Service

_HZ: Final = os.sysconf("SC_CLK_TCK")
ROLES: Final = ("web", "worker", "gate", "signer", "gateway", "status", "postgres")


def spent_s(service: Service, *, helpers: Iterable[int]) -> dict[str, float]:
    """Seconds that each role and the drill with its `helpers` have used; of a sandbox's dead children too."""
    processes = service.roles()
    used = {role: sum(_of(pid) for pid in processes.get(role, ())) for role in ROLES}
    return {"drill": time.process_time() + sum(map(_of, helpers)), **used}


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What was used meanwhile; a process that ended takes its seconds with it."""
    return {role: max(0.0, now[role] - before[role]) for role in now}


def _of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:  # ended meanwhile
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _HZ  # its own, and of children it waited for
