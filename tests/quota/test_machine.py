"""No stamp is lost or made, whatever is asked, in whatever order, however often."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Template
from tests.machines import World, how, open_world
from tests.quota.machine import QuotaMachine, machine_on


@pytest.fixture
def world(template: Template) -> Iterator[World]:
    with open_world(template) as world:
        yield world


def machine_of(world: World) -> type[QuotaMachine]:
    return machine_on(world.run, world.db, world.owner)


def test_the_database_does_what_the_oracle_does(world: World) -> None:
    machine = machine_of(world)
    run_state_machine_as_test(machine, settings=how(165, 45))
    assert machine.steps >= 5_000


@pytest.mark.long
def test_the_database_does_what_the_oracle_does_for_long(world: World) -> None:
    machine = machine_of(world)
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
    world.plant(function, right, wrong)
    failed: list[BaseException] = []  # as examples saw it; Hypothesis may tell of their repetition instead

    machine = machine_of(world)

    class Watched(machine):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            error = sys.exception()
            if isinstance(error, AssertionError | ExceptionGroup) or "quota_" in str(error):
                assert error is not None
                failed.append(error)
            super().teardown()

    with pytest.raises(Exception):  # noqa: B017, PT011 - what it was is asked below
        run_state_machine_as_test(Watched, settings=how(1_000, 40, shrink=False))
    assert failed, "an assertion, or a constraint of the database"
