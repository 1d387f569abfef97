"""How the sandbox says no, and how it says that it is gone."""

from __future__ import annotations

from typing import Literal

from bubuh.core.errors import Fault
from bubuh.pdf.refusals import DocumentRefused, Reason

DeathReason = Literal[Reason.SANDBOX_DIED, Reason.SANDBOX_TIMEOUT, Reason.SANDBOX_MEMORY]


class SandboxDied(DocumentRefused):
    """What looked at the document died of it, took too much, or spoke nonsense: the document is refused."""

    def __init__(self, *, reason: DeathReason, cause: str) -> None:
        """`cause` is for our logs: "signal 11", "exit 1", "exception KeyError", "garbled answer"."""
        super().__init__(reason=reason, cause=cause)


class SlowLaneFull(Fault):
    """The document takes long, and too many such were waiting already; nothing is said against it."""

    code = "slow_lane_full"
    retry_after_s = 30


class SandboxUnavailable(Fault):
    """The zygote is gone or does not answer: this process opens no document until it is started again."""

    code = "sandbox_unavailable"
