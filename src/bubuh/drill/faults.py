"""What is done to the service: processes killed, paused and starved, chosen from a seed.

Only processes below the `up` that the drill started are touched, each through a pidfd, so that a number that
the kernel gave to somebody else meanwhile is never signalled.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from bubuh.drill.service import Service

ROLES: Final = ("web", "worker", "signer", "postgres", "gateway")
#: (what is killed, how often beside the others)
_KILLED: Final = (
    ("worker", 6),
    ("web", 4),
    ("signer", 4),
    ("postgres", 3),
    ("backend", 2),
    ("sandbox", 2),
    ("gateway", 2),
    ("up", 1),
)
_KILLS: Final = 0.85  #: share of faults that kill
_DRAWN: Final = 8  #: victims drawn for a kill: the first that lives is taken
_OVERCOME: Final = 0.7  #: share of faults that come only once all before are overcome; the others overlap
_PATIENCE_S: Final = 4.0  #: what is not overcome by then meets the next: a slow machine is hurt as often
_LOOK_S: Final = 0.05
_GAP_S: Final = (0.5, 2.5)
_PAUSE_S: Final = (0.5, 4.0)
_LONG_PAUSE_S: Final = 17.0  #: outlives a worker's lease of 15 s
_LONG_PAUSES: Final = 0.25  #: share of pauses of a worker
_STARVE_S: Final = (1.0, 4.0)
_STARVED: Final = (0.09, 0.01)  #: stopped, running: a tenth of the time


@dataclass(frozen=True, slots=True)
class Done:
    """One fault that was done."""

    act: str  #: kill, pause, starve
    victim: str
    at: float  #: monotonic
    seconds: float = 0.0  #: how long it goes on; a kill is over at once

    @property
    def over_at(self) -> float:
        """When nothing more was done (monotonic)."""
        return self.at + self.seconds


class Faults:
    """Does one fault after the other until it is over."""

    def __init__(self, service: Service, rng: random.Random, *, overcame: Callable[[float], bool]) -> None:
        """`overcame` says whether a stamp that was asked for since a moment (monotonic) is affixed."""
        self._service = service
        self._overcame = overcame
        self._rng = rng
        self.done: list[Done] = []

    async def go_on(self, is_over: Callable[[], bool]) -> None:
        """Hurt until `is_over`; whatever was paused runs again when this returns."""
        async with asyncio.TaskGroup() as beside:
            while not is_over():
                gap_s = _between(_GAP_S, self._rng.random())
                if self._rng.random() < _OVERCOME:
                    await self._overcome(is_over)
                await asyncio.sleep(gap_s)
                if not is_over():
                    await self._one(beside)

    async def _overcome(self, is_over: Callable[[], bool]) -> None:
        """Wait until all that was done is overcome, but not for ever."""
        last = max((fault.over_at for fault in self.done), default=0.0)
        give_up = time.monotonic() + _PATIENCE_S
        while self.done and not is_over() and time.monotonic() < give_up:
            if self._overcame(last):
                return
            await asyncio.sleep(_LOOK_S)

    async def _one(self, beside: asyncio.TaskGroup) -> None:
        """The next fault: a kill is done at once, pausing and starving go on beside."""
        mood, length = self._rng.random(), self._rng.random()
        if mood < _KILLS:
            names, weights = zip(*_KILLED, strict=True)
            await self._kill(self._rng.choices(names, weights, k=_DRAWN))
        elif mood < (1 + _KILLS) / 2:
            victim = self._rng.choice(ROLES)
            is_long = victim == "worker" and self._rng.random() < _LONG_PAUSES
            beside.create_task(self._pause(victim, _LONG_PAUSE_S if is_long else _between(_PAUSE_S, length)))
        else:
            beside.create_task(self._starve(self._rng.choice(ROLES), _between(_STARVE_S, length)))

    async def _kill(self, victims: list[str]) -> None:
        """Kill a process of the first of `victims` that lives; others are dead still, by faults before."""
        found = next(((victim, pids) for victim in victims if (pids := self._pids(victim))), None)
        if found is None:
            return
        victim, pids = found
        self.done.append(Done("kill", victim, time.monotonic()))
        with _held([self._rng.choice(sorted(pids))]) as held:
            _signal_all(held, signal.SIGKILL)
        if victim == "up":
            await asyncio.to_thread(self._service.start_again)

    async def _pause(self, victim: str, seconds: float) -> None:
        with _held(self._pids(victim)) as held:
            self.done.append(Done("pause", victim, time.monotonic(), seconds))
            try:
                _signal_all(held, signal.SIGSTOP)
                await asyncio.sleep(seconds)
            finally:
                _signal_all(held, signal.SIGCONT)

    async def _starve(self, victim: str, seconds: float) -> None:
        with _held(self._pids(victim)) as held:
            self.done.append(Done("starve", victim, time.monotonic(), seconds))
            end = time.monotonic() + seconds
            stopped_s, running_s = _STARVED
            try:
                while time.monotonic() < end:
                    _signal_all(held, signal.SIGSTOP)
                    await asyncio.sleep(stopped_s)
                    _signal_all(held, signal.SIGCONT)
                    await asyncio.sleep(running_s)
            finally:
                _signal_all(held, signal.SIGCONT)

    def _pids(self, victim: str) -> list[int]:
        match victim:
            case "up":
                return [self._service.up.pid]
            case "backend":
                return self._service.below("postgres")
            case "sandbox":
                return [*self._service.below("web"), *self._service.below("worker")]
            case _:
                return self._service.children(victim)


@contextmanager
def _held(pids: list[int]) -> Iterator[list[int]]:
    """File descriptors of `pids`; of one that has ended, none."""
    held: list[int] = []
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                held.append(os.pidfd_open(pid))
        yield held
    finally:
        for handle in held:
            os.close(handle)


def _signal_all(held: list[int], number: signal.Signals) -> None:
    for handle in held:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)


def _between(bounds: tuple[float, float], share: float) -> float:
    low, high = bounds
    return low + (high - low) * share
