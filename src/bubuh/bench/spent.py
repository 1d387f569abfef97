"""What each part of a service has spent of the processors."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bubuh.drill.service import Service

PARTS: Final = ("postgres", "web", "worker", "signer", "gateway")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def cpu_s_by_part(service: Service) -> dict[str, float]:
    """CPU seconds of each part so far: of its processes that live, and of those that they have buried."""
    tree_s = _trees()
    return {part: sum(map(tree_s, service.children(part))) for part in PARTS}


def cpu_s_of(pid: int) -> float:
    """CPU seconds of a process and all below it so far, those that they have buried among them."""
    return _trees()(pid)


def _trees() -> Callable[[int], float]:
    """CPU seconds of any process with all below it, as of now."""
    spent, children = dict[int, float](), defaultdict[int, list[int]](list)
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            spent[int(process.name)] = sum(map(int, fields[11:15])) / _TICKS
            children[int(fields[1])].append(int(process.name))

    def tree_s(pid: int) -> float:
        return spent.get(pid, 0.0) + sum(tree_s(child) for child in children[pid])

    return tree_s
