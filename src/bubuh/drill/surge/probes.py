"""The other channels meanwhile: strangers who verify, somebody's history, a program with a key.

They ask at their own times, whatever the answers: what waits in front of a slow service is in the figures.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bubuh.drill.exchange import Line, NoAnswer
from bubuh.drill.surge.folk import Person

CHANNELS: Final = ("verify", "history", "partner")
_LINES: Final = 4
Times = dict[str, list[float]]


@dataclass(slots=True)
class Probed:
    """What one round showed."""

    took_s: Times = field(default_factory=lambda: {name: [] for name in CHANNELS})
    statuses: Counter[str] = field(default_factory=Counter)


class Probes:
    """Asks each channel at its rate."""

    def __init__(self, url: str, *, serial_no: str, person: Person, key: str, rng: random.Random) -> None:
        self._rng = rng
        self._asks: Mapping[str, tuple[str, dict[str, str]]] = {
            "verify": (f"{url}/s/{serial_no}", {"Accept": "text/html"}),
            "history": (f"{url}/riwayat", {"Accept": "text/html", "Cookie": f"bubuh={person.secret}"}),
            "partner": (f"{url}/v1/quota", {"Authorization": f"Bearer {key}"}),
        }
        sources = {name: f"127.250.{at}." for at, name in enumerate(CHANNELS)}
        self._lines = {
            name: [Line(source=f"{sources[name]}{host}") for host in range(1, _LINES + 1)]
            for name in CHANNELS
        }

    async def ask(self, rates: Mapping[str, float], *, until_s: float) -> Probed:
        """A round, until then (monotonic); the last answers are waited for."""
        seen = Probed()
        async with asyncio.TaskGroup() as group:
            for name, rate in rates.items():
                group.create_task(self._one_channel(name, rate, until_s, seen))
        return seen

    def close(self) -> None:
        """Hang up."""
        for lines in self._lines.values():
            for line in lines:
                line.close()

    async def _one_channel(self, name: str, rate: float, until_s: float, seen: Probed) -> None:
        free: asyncio.Queue[Line] = asyncio.Queue()
        for line in self._lines[name]:
            free.put_nowait(line)
        due_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            while (due_s := due_s + self._rng.expovariate(rate)) < until_s:
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                group.create_task(self._once(name, due_s, free, seen))

    async def _once(self, name: str, due_s: float, free: asyncio.Queue[Line], seen: Probed) -> None:
        url, headers = self._asks[name]
        line = await free.get()
        try:
            status = str((await line.call("GET", url, headers=headers)).status)
        except NoAnswer:
            status = "none"
        finally:
            free.put_nowait(line)
        seen.took_s[name].append(time.monotonic() - due_s)
        seen.statuses[f"{name} {status}"] += 1
