"""What the gate takes: joins, `now.json`, memory, a crash in the middle; and the check of a pass."""

from __future__ import annotations

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from bubuh.bench.machine import machine
from bubuh.bench.nginx import measure_nginx
from bubuh.core.ids import AccountId
from bubuh.drill.gate import Caller, GateProcess
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.lanes import DEFAULT_RULES
from bubuh.waitingroom.passes import Pass, check_pass, give
from bubuh.waitingroom.room_file import RoomFile
from bubuh.waitingroom.turn import read_bytes, show_bytes
from bubuh.waitingroom.work import CHALLENGE_BYTES, SALT_BYTES, Toll, WorkNeeded, solve

_CALLERS: Final = 64
RULES: Final = msgspec.structs.replace(DEFAULT_RULES, most_work=0)  # the callers would do more than the gate
_SOLUTIONS: Final = 2_000
_WORK: Final = 16
_PASSES: Final = 20_000
_ACCOUNT: Final = AccountId(7001)
JOIN: Final = b"POST /antre/umum HTTP/1.1\r\nhost: gerbang\r\ncontent-length: 0\r\n\r\n"
_NOW: Final = b"GET /now.json HTTP/1.1\r\nhost: gerbang\r\n\r\n"
_PAGE: Final = b"GET /antre HTTP/1.1\r\nhost: gerbang\r\naccept-encoding: gzip\r\n\r\n"


@dataclass(slots=True)
class _Phase:
    """One kind of call, until enough have been answered."""

    asked: int = 0
    answered: int = 0
    refused: int = 0  #: not in time, and asked for again
    wall_s: float = 0.0
    gate_cpu_s: float = 0.0
    own_cpu_s: float = 0.0

    def facts(self) -> dict[str, Any]:
        return {
            "calls": self.answered,
            "refused": self.refused,
            "wall_s": round(self.wall_s, 2),
            "gate_cpu_s": round(self.gate_cpu_s, 2),
            "generator_cpu_s": round(self.own_cpu_s, 2),
            "per_s": round(self.answered / self.wall_s),
            "per_core_s": round(self.answered / self.gate_cpu_s),
        }


def measure_gate(
    *, joins: int, polls: int, nginx_seconds: int = 5, told: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """Everything once: `joins` with a kill -9 in their middle, then `polls` of now.json and of the page.

    Behind nginx each of these two is called for `nginx_seconds`.

    Joins that were answered are looked through for
    numbers that came twice, and for any that is not above all that were answered before the kill.
    """
    path = Path(tempfile.mkdtemp(prefix="bubuh-gate-"))
    path.chmod(0o755)
    gate = GateProcess.prepare(path / "data", RoomFile(is_open=True, rules=RULES))
    try:
        start_s = gate.start()
        before = Numbers()
        first = repeat(gate, JOIN, joins, before.take, kill_after=joins // 2)
        restart_s = gate.start()
        after = Numbers()
        told(0.4)
        second = repeat(gate, JOIN, joins - first.answered, after.take)
        told(0.8)
        facts: dict[str, Any] = {
            **machine(),
            "callers": _CALLERS,
            "joins": [first.facts(), second.facts()],
            "twice": before.twice + after.twice + len(before.seen & after.seen),
            "out_of_order": int(bool(after.seen) and min(after.seen) <= max(before.seen)),
            "skipped_by_the_kill": min(after.seen) - max(before.seen) - 1,
            "start_s": round(start_s, 2),
            "restart_s": round(restart_s, 2),
            "memory_mb": round(gate.memory_bytes() / 1e6, 1),
            "now_json": repeat(gate, _NOW, polls, _ignore).facts(),
            "page": repeat(gate, _PAGE, polls, _ignore).facts(),
            "nginx": measure_nginx(path, gate, now=_NOW, page=_PAGE, seconds=nginx_seconds),
            "pass_check_us": round(_pass_check_us(), 2),
            "work_check_us": round(_work_check_us(), 2),
        }
    finally:
        gate.stop()
        shutil.rmtree(path)
    return facts


class Numbers:
    """Those that were given."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.twice = 0

    def take(self, answer: bytes) -> None:
        """One answered join."""
        body = answer[answer.index(b"\r\n\r\n") + 4 :]
        number = int.from_bytes(read_bytes(msgspec.json.decode(body)["turn"])[4:12])
        self.twice += number in self.seen
        self.seen.add(number)


def repeat(
    gate: GateProcess,
    request: bytes,
    wanted: int,
    take: Callable[[bytes], None],
    *,
    kill_after: int | None = None,
) -> _Phase:
    """Repeat `request` over all connections; after `kill_after` answers the gate is killed, and it ends."""
    phase, gate_cpu_s, callers = _Phase(), gate.cpu_s(), list[Caller]()
    last = wanted + 1 if kill_after is None else kill_after  # the answer with which it is killed

    def more() -> bool:
        phase.asked += 1
        return phase.asked <= wanted

    def answered(answer: bytes) -> None:
        if not answer.startswith(b"HTTP/1.1 200"):
            phase.refused += 1
            phase.asked -= 1  # asked for again
            return
        phase.answered += 1
        take(answer)
        if phase.answered == last:
            phase.gate_cpu_s = gate.cpu_s() - gate_cpu_s
            gate.kill()
            _hang_up(callers)

    async def call() -> None:
        loop = asyncio.get_running_loop()
        while len(callers) < _CALLERS and phase.answered < last:
            _, caller = await loop.create_connection(
                lambda: Caller(request, more, answered), "127.0.0.1", gate.port
            )
            callers.append(caller)
        if phase.answered >= last:
            _hang_up(callers)  # one that was connecting meanwhile, too
        await asyncio.gather(*(caller.done for caller in callers))

    own_cpu_s, began = _own_cpu_s(), time.monotonic()
    uvloop.run(call())
    phase.wall_s = time.monotonic() - began
    phase.own_cpu_s = _own_cpu_s() - own_cpu_s
    if kill_after is None:
        phase.gate_cpu_s = gate.cpu_s() - gate_cpu_s
    return phase


def _hang_up(callers: Iterable[Caller]) -> None:
    """The socket outlives the gate: who was not accepted yet would wait for ever."""
    for caller in callers:
        caller.hang_up()


def _pass_check_us() -> float:
    """Processor time of one check, from the text in a cookie to the decision."""
    ring = KeyRing.fresh()
    shown = show_bytes(give(Pass(lane=3, gen=1, number=1, expires_at=1_000, account_id=_ACCOUNT), ring))
    began = time.process_time()
    for _ in range(_PASSES):
        check_pass(read_bytes(shown), ring, _ACCOUNT, now_s=500)
    return (time.process_time() - began) / _PASSES * 1e6


def _work_check_us() -> float:
    """Processor time of one check of a join's work, from the text in its form to the decision."""
    toll, asked = Toll(), bytes(CHALLENGE_BYTES)
    toll.joins_per_s = 1e6
    toll.tick(0.0, 1.0, calm_per_s=1.0, most=_WORK)
    toll.ask(asked, now_s=0.0)
    shown = [show_bytes(solve(asked, at.to_bytes(SALT_BYTES), _WORK)) for at in range(_SOLUTIONS)]
    began, taken = time.process_time(), 0
    for one in shown:
        try:
            toll.take(asked, read_bytes(one), now_s=1.0)
        except WorkNeeded:  # taken for a used one
            continue
        taken += 1
    spent_s = time.process_time() - began
    assert taken > 0.99 * _SOLUTIONS
    return spent_s / _SOLUTIONS * 1e6


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _ignore(_: bytes) -> None:
    return
