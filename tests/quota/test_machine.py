"""No stamp is lost or made, whatever is asked, in whatever order, however often."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bubuh.db.pool import Conn, Database, connect
from tests.conftest import Template
from tests.quota.machine import QuotaMachine, machine_on, plant


@dataclass(frozen=True)
class World:
    """A database of its own, and a loop to talk to it from a machine, which knows no await."""

    runner: asyncio.Runner
    db: Database
    owner: Conn

    def machine(self) -> type[QuotaMachine]:
        return machine_on(self.runner.get_loop().run_until_complete, self.db, self.owner)


@pytest.fixture
def world(template: Template) -> Iterator[World]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        dsns = runner.run(stack.enter_async_context(template.copy()))
        db = runner.run(stack.enter_async_context(runner.run(Database.open(dsns.app, size=3))))
        owner = runner.run(connect(dsns.owner))
        yield World(runner, db, owner)
        runner.run(owner.close())
        runner.run(stack.aclose())


def how(examples: int, steps: int, *, shrink: bool = True) -> settings:
    phases = [Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        database=None,
    )


def test_the_database_does_what_the_oracle_does(world: World) -> None:
    machine = world.machine()
    run_state_machine_as_test(machine, settings=how(165, 45))
    assert machine.steps >= 5_000


@pytest.mark.long
def test_the_database_does_what_the_oracle_does_for_long(world: World) -> None:
    machine = world.machine()
    run_state_machine_as_test(machine, settings=how(2_500, 60))
    assert machine.steps >= 100_000


@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        pytest.param(
            "quota_end_n",
            "IF _r.state = 'held' THEN",
            "IF _r.state IN ('held', 'captured') THEN",
            id="release after capture",
        ),
        pytest.param(
            "quota_hold_n",
            "_frees[_r.place] := _frees[_r.place] - _r.stamps;",
            "NULL;",
            id="a hold costs nothing",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "quota_allot_n",
            "_r.before = _r.stamps THEN 'already_done'",
            "_r.before = _r.stamps THEN 'done'",
            id="an allotment repeated",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "quota_transfer_n",
            "WHEN 'ack' THEN -x.stamps",
            "WHEN 'ack' THEN 0",
            id="an ack that takes nothing",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "quota_hold_shared_n",
            "_room := _room - _r.stamps;",
            "NULL;",
            id="one batch goes past a child's limit",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "quota_end_shared_n",
            "u.no > _count AND _kind = 'release'",
            "u.no > _count",
            id="what a child used comes back to its parent",
        ),
    ],
)
def test_a_planted_fault_is_found(world: World, function: str, right: str, wrong: str) -> None:
    world.runner.run(plant(world.owner, function, right, wrong))
    with pytest.raises(Exception) as found:  # noqa: PT011 - an assertion, or a constraint of the database
        run_state_machine_as_test(world.machine(), settings=how(100, 40, shrink=False))
    assert "quota_" in str(found.value) or isinstance(found.value, AssertionError | ExceptionGroup)
