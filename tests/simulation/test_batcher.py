"""The real batcher in a made-up world: hours of surges, cuts and impatience in seconds, from a seed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from bubuh.db import self_clocked
from bubuh.quota.model import Outcome, WantedHold
from tests.simulation import virtual
from tests.simulation.world import MOST_SHARDS, World


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batcher measures its patience by the loop's time, like everybody else in the simulation."""
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(self_clocked, "time", clock)


def simulate(seed: int, steps: int) -> tuple[World, float]:
    print(f"seed {seed}")  # noqa: T201
    world = World(seed)
    passed_s = virtual.run(world.live(steps))
    world.check()
    return world, passed_s


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_doubled_or_left_waiting(seed: int) -> None:
    world, passed_s = simulate(seed, 2_000)
    assert world.steps >= 2_000
    assert passed_s > 1
    assert world.widest == MOST_SHARDS


def test_the_same_seed_replays_to_the_last_byte_and_another_does_not() -> None:
    first, again, other = (simulate(seed, 1_500)[0].trace.hexdigest() for seed in (11, 11, 12))
    assert first == again
    assert first != other


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_steps(seed: int) -> None:
    world, _ = simulate(seed, 100_000)
    assert world.steps >= 100_000


def test_a_planted_double_is_found() -> None:
    """A database that holds again what it is asked again: the books of the simulation do not add up then."""
    world = World(3)
    real = world.books.hold

    def hold_again(wanted: WantedHold) -> Outcome:
        outcome = real(wanted)
        if outcome is Outcome.ALREADY_DONE:
            world.books.purses[wanted.account_id].free -= wanted.stamps
        return outcome

    world.holds = world._batch("hold", hold_again)
    virtual.run(world.live(3_000))
    with pytest.raises(AssertionError):
        world.check()
