"""Phones before the gate: they join, and ask for `now.json` until they are called or give up.

Those whose numbers may do so say now and then that they wait, as the page's script does.

Thousands of them share a few kept connections, so that the drill's own cost stays small beside the gate's;
what a handshake costs is therefore not in its figures.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import struct
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec

from bubuh.drill.surge.profile import Profile
from bubuh.gate.now import parts_of
from bubuh.waitingroom.presence import TELL_S, step_of
from bubuh.waitingroom.turn import read_bytes

LANE: Final = "umum"
_CONNECTIONS: Final = 24
_TICK_S: Final = 0.01
_LOOK_S: Final = 1.0
_NUMBER: Final = struct.Struct(">4xQ")  # version, lane, generation; number
Answered = Callable[[int, bytes], None]  #: status (0: none came), body


class _Asker(asyncio.Protocol):
    """One connection: requests in a row, one at a time."""

    def __init__(self, crowd: _Askers) -> None:
        self._crowd = crowd
        self._transport: asyncio.WriteTransport | None = None
        self._answered: Answered | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._crowd.is_free(self)

    def ask(self, request: bytes, answered: Answered) -> None:
        assert self._transport is not None
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.index(b"content-length: ")
        if len(body) < int(head[at + 16 : at + 24].partition(b"\r")[0]):
            return
        self._got = b""
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(int(head[9:12]), body)
        self._crowd.is_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._answered is not None:
            self._answered(0, b"")
            self._answered = None
        self._crowd.is_lost(self)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


class _Askers:
    """All connections to one address, opened when they are wanted; what finds none free waits for one."""

    def __init__(self, address: str) -> None:
        target = urlsplit(address)
        self._host, self._port = str(target.hostname), int(target.port or 80)
        self._free: list[_Asker] = []
        self._open: set[_Asker] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._wanted: deque[tuple[bytes, Answered]] = deque()

    def ask(self, request: bytes, answered: Answered) -> None:
        if self._free:
            self._free.pop().ask(request, answered)
            return
        self._wanted.append((request, answered))
        if len(self._open) + len(self._opening) < _CONNECTIONS:
            task = asyncio.create_task(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def is_free(self, asker: _Asker) -> None:
        self._open.add(asker)
        if self._wanted:
            asker.ask(*self._wanted.popleft())
        else:
            self._free.append(asker)

    def is_lost(self, asker: _Asker) -> None:
        """The gate hangs up on whoever says nothing for a while."""
        self._open.discard(asker)
        if asker in self._free:
            self._free.remove(asker)

    def close(self) -> None:
        for task in self._opening:
            task.cancel()
        for asker in self._open:
            asker.close()

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: _Asker(self), self._host, self._port)
        except OSError:  # nobody answers at the gate: so is whoever wanted to ask told
            if self._wanted:
                self._wanted.popleft()[1](0, b"")

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.result()  # our own mistake, if there is one


@dataclass(slots=True)
class Device:
    """One that has a turn."""

    turn: str
    number: int
    gives_up_s: float
    is_junk: bool
    told_s: float = -TELL_S  #: when it last said that it waits (monotonic)


@dataclass(slots=True)
class Seen:
    """What all devices saw together."""

    planned: int = 0  #: arrivals
    joined: int = 0
    junk: int = 0
    polls: int = 0
    words: int = 0  #: that somebody still waits, and that were heard
    called: int = 0
    gave_up: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    most_late_s: float = 0.0  #: how late an arrival or poll was sent
    serving: int = 0
    issued: int = 0


class Devices:
    """They come when they come, whatever the answers. `called` is told of each honest one that was called."""

    def __init__(
        self, gate: str, profile: Profile, rng: random.Random, called: Callable[[Device], None]
    ) -> None:
        self._profile, self._rng, self._called = profile, rng, called
        self._askers = _Askers(gate)
        host = urlsplit(gate).netloc
        self._poll = f"GET /now.json HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
        self._host = host
        self._join = f"POST /antre/{LANE} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n".encode()
        self._due: list[tuple[float, int, Device | bool]] = []  # a bool: an arrival, and whether it is junk
        self._order = itertools.count()
        self._now = b""
        self.seen = Seen()

    def close(self) -> None:
        """Hang up."""
        self._askers.close()

    def plan(self, *, per_s: float, seconds: float, junk: float) -> None:
        """Arrivals from now on, as the profile shapes them: a Poisson stream in each part."""
        shape = self._profile.shape
        part_s, mean = seconds / len(shape), sum(shape) / len(shape)
        begun = time.monotonic()
        for at, weight in enumerate(shape):
            due, rate = begun + at * part_s, per_s * weight / mean
            while (due := due + self._rng.expovariate(rate)) < begun + (at + 1) * part_s:
                self._push(due, self._rng.random() < junk)
                self.seen.planned += 1

    async def run(self, until_s: float) -> None:
        """Send what is due until then (monotonic)."""
        while (now_s := time.monotonic()) < until_s:
            while self._due and self._due[0][0] <= now_s:
                due, _, what = heapq.heappop(self._due)
                self.seen.most_late_s = max(self.seen.most_late_s, now_s - due)
                self._send(what)
            await asyncio.sleep(_TICK_S)

    def forget(self) -> None:
        """Everybody who waits goes home."""
        self._due.clear()

    async def until_called(self, at_most_s: float) -> bool:
        """Wait until the gate has called all numbers, of those at home, too; whether it has."""
        give_up_s = time.monotonic() + at_most_s
        while self.seen.serving < self.seen.issued and time.monotonic() < give_up_s:
            self._askers.ask(self._poll, self._looked)
            await asyncio.sleep(_LOOK_S)
        return self.seen.serving >= self.seen.issued

    @property
    def waiting(self) -> int:
        """Those who have a turn or are yet to come."""
        return len(self._due)

    def _push(self, due: float, what: Device | bool) -> None:  # noqa: FBT001 -- a kind of event
        heapq.heappush(self._due, (due, next(self._order), what))

    def _send(self, what: Device | bool) -> None:  # noqa: FBT001
        if isinstance(what, Device):
            self.seen.polls += 1
            self._askers.ask(self._poll, lambda status, body: self._polled(what, status, body))
        else:
            self._askers.ask(self._join, lambda status, body: self._joined(status, body, is_junk=what))

    def _joined(self, status: int, body: bytes, *, is_junk: bool) -> None:
        self.seen.statuses[status] += 1
        if status != 200:
            return
        turn = str(msgspec.json.decode(body)["turn"])
        now_s = time.monotonic()
        self.seen.joined += 1
        self.seen.junk += is_junk
        patience_s = self._rng.expovariate(1 / self._profile.patience_s)
        number = int(_NUMBER.unpack_from(read_bytes(turn))[0])
        device = Device(turn, number, now_s + patience_s, is_junk)
        if not is_junk or self._rng.random() < self._profile.devices:
            self._again(device, now_s)

    def _polled(self, device: Device, status: int, body: bytes) -> None:
        self.seen.statuses[status] += 1
        now_s = time.monotonic()
        if status == 200:
            self._read(body)
        if device.number <= self.seen.serving:
            self.seen.called += 1
            if not device.is_junk:
                self._called(device)
        elif now_s >= device.gives_up_s:
            self.seen.gave_up += 1
        else:
            if status == 200:
                self._tell(device, now_s)
            self._again(device, now_s)

    def _tell(self, device: Device, now_s: float) -> None:
        """Whoever has the page open may, whether they will come or not. The same as the page's `tell`."""
        step = step_of(self.seen.issued - self.seen.serving)
        if device.number % step or now_s - device.told_s < TELL_S:
            return
        device.told_s = now_s
        head = f"POST /antre/tempat/hadir HTTP/1.1\r\nhost: {self._host}\r\n"
        word = f"{head}content-length: {len(device.turn)}\r\n\r\n{device.turn}"
        self._askers.ask(word.encode(), self._heard)

    def _heard(self, status: int, _: bytes) -> None:
        self.seen.statuses[status] += 1
        self.seen.words += status == 204

    def _looked(self, status: int, body: bytes) -> None:
        if status == 200:
            self._read(body)

    def _again(self, device: Device, now_s: float) -> None:
        self._push(now_s + self._rng.uniform(*self._profile.poll_s), device)

    def _read(self, body: bytes) -> None:
        """The same file is read once."""
        if body != self._now:
            self._now = body
            said: dict[str, Any] = msgspec.json.decode(parts_of(body)[0])
            self.seen.serving, self.seen.issued = said["lanes"][LANE][1:3]
