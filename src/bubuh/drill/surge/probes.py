"""The other channels meanwhile: strangers who verify, somebody's history, a program with a key.

They ask at their own times, whatever the answers: what waits in front of a slow service is in the figures.
They are a process of their own: among the thousands of devices that the drill plays their answers would wait
for it, and its queue is not the service's.

`python -m bubuh.drill.surge.probes`: lines of JSON come on standard input, first an `Asker`, then a `Wanted`
for each round; for each of these a `Probed` leaves on standard output when the round has ended.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from bubuh.drill.exchange import Line, NoAnswer

CHANNELS: Final = ("verify", "history", "partner")
_LINES: Final = 4
_MOST_BYTES: Final = 64 * 1024 * 1024  #: of what one round showed
Times = dict[str, list[float]]


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for what."""

    url: str
    serial_no: str
    session: str  #: of the person whose history it is
    key: str  #: of the program
    seed: str


class Wanted(msgspec.Struct, frozen=True):
    """A round: so many a second of each channel, until then (monotonic)."""

    rates: dict[str, float]
    until_s: float


@dataclass(slots=True)
class Probed:
    """What one round showed."""

    took_s: Times = field(default_factory=lambda: {name: [] for name in CHANNELS})
    statuses: dict[str, int] = field(default_factory=Counter)


class Prober:
    """The process that asks, from the drill's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._to, self._from = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, asker: Asker) -> Self:
        """It is connected to nothing yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bubuh.drill.surge.probes"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MOST_BYTES,
        )
        prober = cls(process)
        prober._tell(asker)
        return prober

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ask(self, rates: Mapping[str, float], *, until_s: float) -> Probed:
        """A round, until then (monotonic); the last answers are waited for."""
        self._tell(Wanted(dict(rates), until_s))
        return msgspec.json.decode(await self._from.readline(), type=Probed)

    async def close(self) -> None:
        """Nothing more is asked."""
        self._to.close()
        await self._process.wait()

    def _tell(self, what: Asker | Wanted) -> None:
        self._to.write(msgspec.json.encode(what) + b"\n")


class Probes:
    """Asks each channel at its rate."""

    def __init__(self, asker: Asker) -> None:
        self._rng = random.Random(asker.seed)
        url = asker.url
        self._asks: Mapping[str, tuple[str, dict[str, str]]] = {
            "verify": (f"{url}/s/{asker.serial_no}", {"Accept": "text/html"}),
            "history": (f"{url}/riwayat", {"Accept": "text/html", "Cookie": f"bubuh={asker.session}"}),
            "partner": (f"{url}/v1/quota", {"Authorization": f"Bearer {asker.key}"}),
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


def main() -> None:
    """See the module."""
    probes = Probes(msgspec.json.decode(sys.stdin.buffer.readline(), type=Asker))
    with asyncio.Runner() as runner:  # one loop: its connections outlive a round
        while told := sys.stdin.buffer.readline():
            wanted = msgspec.json.decode(told, type=Wanted)
            seen = runner.run(probes.ask(wanted.rates, until_s=wanted.until_s))
            sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
            sys.stdout.buffer.flush()
        probes.close()


if __name__ == "__main__":
    main()
