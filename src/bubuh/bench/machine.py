"""What a figure was measured on: without it, a figure cannot be compared with another."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, object]:
    """Interpreter, processor, cores this process may use, load, and the libraries that decide the figures."""
    return {
        "python": platform.python_version(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "cryptography": version("cryptography"),
        "pyhanko": version("pyhanko"),
    }


def _cpu() -> str:
    """The processor's name, where the system tells it; else its kind."""
    told = _CPU_INFO.read_text(encoding="utf-8") if _CPU_INFO.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    return named[1].strip() if named else platform.machine()
