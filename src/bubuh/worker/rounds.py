"""What the worker does now and then, besides stamps: each round by itself, none holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS, Shard

_log = structlog.get_logger(__name__)
_ROUNDS = Counter("bubuh_worker_rounds", "Rounds made", ["name", "how"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One thing to do every `every_s` seconds."""

    name: str
    every_s: float
    make: Callable[[], Awaitable[object]]


def over_shards(act: Callable[[Shard], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A round that calls `act` for each shard in turn."""

    async def make() -> None:
        for shard in ALL_SHARDS:
            await act(shard)

    return make


async def make_rounds(rounds: list[Round], stop: asyncio.Event) -> None:
    """Make all `rounds` until `stop` is set. A Fault ends one round, a mistake ends the process."""
    async with asyncio.TaskGroup() as group:
        for one in rounds:
            group.create_task(_keep_making(one, stop), name=one.name)


async def _keep_making(one: Round, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await one.make()
            _ROUNDS.labels(one.name, "made").inc()
        except Fault as fault:
            _ROUNDS.labels(one.name, "fault").inc()
            _log.warning("round_failed", round=one.name, code=fault.code)
        try:
            async with asyncio.timeout(one.every_s):
                await stop.wait()
        except TimeoutError:
            continue
