"""How a command waits for its turn at a service in front of which programs queue."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from bubuh.cli.output import ASIDE

_SHORTLY_S: Final = 10.0
_JITTER: Final = random.SystemRandom()

Send = Callable[..., httpx.Response]


def wait_for_pass(send: Send, join: str) -> str:
    """The pass for a turn taken at `join`, once it is called; `send` raises where the service says no."""
    turn = send("POST", join, json={}).json()
    _tell(turn)
    while True:
        if turn["state"] == "called":
            answer = send("POST", turn["links"]["passes"], json={"turn": turn["turn"]}, allowed=(409,))
            if answer.is_success:
                return str(answer.json()["pass"])
            _rest(answer)
        else:
            _rest_s(turn["retry_after_s"])
        answer = send("GET", turn["links"]["turn"])
        turn = answer.json()
        if turn["state"] == "over":  # called and missed, as by a machine that slept
            turn = send("POST", join, json={}).json()
            _tell(turn)


def _tell(turn: dict[str, Any]) -> None:
    """On the side: what is waited for."""
    ahead = "" if turn["ahead"] is None else f", {turn['ahead']} before it"
    until = "" if turn["latest_at"] is None else f", likely called by {turn['latest_at']}"
    ASIDE.print(f"queueing: number {turn['number']} in lane {turn['lane']}{ahead}{until}")


def _rest(answer: httpx.Response) -> None:
    _rest_s(float(answer.headers.get("Retry-After", _SHORTLY_S)))


def _rest_s(wanted_s: float) -> None:
    """Not all at the same time."""
    time.sleep(wanted_s * _JITTER.uniform(0.85, 1.15))
