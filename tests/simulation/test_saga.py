"""The real worker and sweeper in a made-up world: kills, cuts, pauses and clocks that jump, from a seed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest

from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.shards import Shard
from bubuh.stamping import store
from bubuh.stamping.model import Lease
from bubuh.stamping.moves import StampState
from bubuh.stamping.store import NewPlan
from tests.simulation import virtual
from tests.simulation.saga import World, stand_in
from tests.simulation.stamps import Stamps


def simulate(seed: int, steps: int, patch: pytest.MonkeyPatch) -> World:
    print(f"seed {seed}")  # noqa: T201
    world = World(seed)
    with patch.context() as here:
        stand_in(here, world)
        virtual.run(world.live(steps))
    world.check()
    return world


@pytest.mark.parametrize("seed", range(2))
def test_every_stamp_ends_once_whatever_fails(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = simulate(seed, 6_000, monkeypatch)
    assert world.steps >= 6_000
    states = [row.state for row in world.stamps.rows.values()]
    assert states.count(StampState.AFFIXED) > len(states) / 2
    assert world.kills
    assert world.widest > 1, "a batch held requests of several shards"
    assert any(row.fence > 1 for row in world.stamps.rows.values())


def test_the_same_seed_replays_to_the_last_byte_and_another_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (simulate(seed, 2_000, monkeypatch).trace.hexdigest() for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_lease_whose_answer_was_lost_is_taken_up_before_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its worker asks what is its own, and goes on under the same fence."""
    world = World(5)
    lost: list[Lease] = []

    def lease_and_lose(shard: Shard, now: datetime, **named: Any) -> list[Lease]:
        found = world.stamps.lease_n(shard, now, **named)
        if found and not lost:
            lost.extend(found)
            raise DatabaseUnavailable("done, and nobody was told")
        return found

    with monkeypatch.context() as here:
        stand_in(here, world)
        here.setattr(
            store,
            "lease_n",
            lambda process, shard, **named: world.commit(
                process, "lease_n", partial(lease_and_lose, shard, world.now(), **named)
            ),
        )
        virtual.run(world.live(1))
    assert {(lease.stamp_id, world.stamps.rows[lease.stamp_id].fence) for lease in lost} == {
        (lease.stamp_id, lease.fence) for lease in lost
    }
    assert lost
    world.check()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_steps(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert simulate(seed, 100_000, monkeypatch).steps >= 100_000


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that forgets plans: after a kill what was sealed is planned again, and comes out otherwise."""
    for seed in range(6):
        world = World(seed)
        with monkeypatch.context() as here:
            stand_in(here, world)
            here.setattr(world.stamps, "write_plan", partial(plan_anew, world.stamps))
            try:
                virtual.run(world.live(3_000))
                world.check()
            except AssertionError:
                return
    pytest.fail("nobody noticed")


def plan_anew(stamps: Stamps, new: NewPlan) -> bool:
    stamps.rows[new.lease.stamp_id].digest = new.digest
    return True
