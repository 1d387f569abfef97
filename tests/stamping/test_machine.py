"""The saga's steps in SQL are what the simulation believes of them, in any order, by any workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis.stateful import run_state_machine_as_test

from bubuh.stamping.moves import StampState
from tests.conftest import Template
from tests.machines import World, how, open_world
from tests.stamping.machine import StampMachine, machine_on


@pytest.fixture
def world(template: Template) -> Iterator[World]:
    with open_world(template) as world:
        yield world


def machine_of(world: World) -> type[StampMachine]:
    return machine_on(world.run, world.db, world.signer, world.owner)


@pytest.mark.parametrize(
    ("examples", "steps"), [(25, 30), pytest.param(1_000, 60, marks=pytest.mark.long)], ids=["short", "long"]
)
def test_sql_does_what_the_simulated_store_does(world: World, examples: int, steps: int) -> None:
    machine = machine_of(world)
    run_state_machine_as_test(machine, settings=how(examples, steps))
    assert machine.steps >= examples * steps / 2
    assert min(machine.ends[state] for state in StampState) > examples / 5, machine.ends


@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        pytest.param(
            "stamping_return_n", "WHEN _r.sealed THEN 'sealed'", "", id="a sealed stamp is returned"
        ),
        pytest.param(
            "stamping_affix_n",
            "_r.state <> 'processing' OR NOT _r.fenced",
            "_r.state <> 'processing'",
            id="a late worker is not fenced out",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "stamping_lease_n",
            "CASE WHEN s.lease_owner <> _worker THEN 1 ELSE 0 END",
            "0",
            id="deaths are not counted",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "stamping_write_plan_n",
            "_r.serial IS NOT NULL AND _r.digest IS NULL",
            "_r.serial IS NOT NULL",
            id="a plan is written over another",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_planted_fault_is_found(world: World, function: str, right: str, wrong: str) -> None:
    world.plant(function, right, wrong)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(machine_of(world), settings=how(400, 40, shrink=False))
