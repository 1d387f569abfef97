"""How a child ended, read from what the kernel says of it. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bubuh.sandbox.limits import Limits

EXIT_MEMORY: Final = 12  #: how a child says that it had no memory left to say more

_NEARLY: Final = 0.75  # of the memory limit: a library that aborts here aborts for want of memory


class Fate(StrEnum):
    """What became of a child. Only `ANSWERED` makes its answer worth reading."""

    ANSWERED = "answered"
    DIED = "died"
    TIMEOUT = "timeout"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """What waiting for a child tells: exit code (or minus the signal), CPU time, peak of resident memory."""

    exit_code: int
    cpu_s: float
    peak_bytes: int
    was_late: bool  #: the zygote killed it for its wall clock


def fate_of(death: Death, limits: Limits) -> Fate:
    """The one word for `death`. A child may lie by its exit code, but only from one refusal to another."""
    code = death.exit_code
    if code == 0:
        return Fate.ANSWERED
    if death.was_late or code == -signal.SIGXCPU or (code == -signal.SIGKILL and death.cpu_s >= limits.cpu_s):
        return Fate.TIMEOUT
    if code == EXIT_MEMORY or (code < 0 and death.peak_bytes >= _NEARLY * limits.data_bytes):
        return Fate.MEMORY
    return Fate.DIED


def cause_of(death: Death) -> str:
    """`death` in the words of a log."""
    if death.was_late:
        return "wall clock"
    return f"exit {death.exit_code}" if death.exit_code >= 0 else f"signal {-death.exit_code}"
