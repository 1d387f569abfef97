"""The ladder's laws, what it hears, and what each level leaves off; pages under it: tests/web."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.brownout import HOLD_FILE, Brownout, Hold
from bubuh.edge.bulkheads import Kind, Way
from bubuh.edge.ladder import FALL_S, RISE_S, Ladder, Level
from bubuh.edge.refusals import LeftOff
from bubuh.edge.works import Works


def climb(ladder: Ladder, pressure: float, *, seconds: int, from_s: float = 0.0) -> list[Level]:
    return [ladder.look(pressure, now_s=from_s + at) for at in range(seconds + 1)]


def test_it_rises_a_step_for_each_while_of_pressure_and_falls_later() -> None:
    ladder = Ladder()
    assert climb(ladder, 1.0, seconds=int(RISE_S) - 1)[-1] is Level.FULL
    assert ladder.look(1.0, now_s=RISE_S) is Level.REDUCED
    assert climb(ladder, 1.0, seconds=int(RISE_S), from_s=RISE_S)[-1] is Level.QUEUED
    calm_s = 2 * RISE_S + 1
    assert climb(ladder, 0.0, seconds=int(FALL_S) - 1, from_s=calm_s)[-1] is Level.QUEUED
    assert ladder.look(0.0, now_s=calm_s + FALL_S) is Level.REDUCED


def test_what_comes_and_goes_moves_nothing() -> None:
    ladder = Ladder()
    for at in range(200):
        assert ladder.look(float(at % 2), now_s=float(at)) is Level.FULL


def test_between_pressure_and_ease_it_stays() -> None:
    ladder = Ladder()
    climb(ladder, 2.0, seconds=int(RISE_S))
    assert set(climb(ladder, 0.7, seconds=500, from_s=RISE_S)) == {Level.REDUCED}


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0.01, 60)), max_size=200))
def test_it_never_leaves_its_ends_and_moves_a_step_at_a_time(looks: list[tuple[float, float]]) -> None:
    ladder, now_s, before = Ladder(), 0.0, Level.FULL
    for pressure, later_s in looks:
        now_s += later_s
        level = ladder.look(pressure, now_s=now_s)
        assert abs(level - before) <= 1
        assert not (level > before and pressure < 1.0)
        assert not (level < before and pressure >= 0.5)
        before = level


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_only_what_is_urgent_raises_it_and_the_gate_is_told() -> None:
    clock = Clock()
    brownout = Brownout(works=Works(clock), clock_s=clock)
    for kind, wanted in ((Kind.HISTORY, Level.FULL), (Kind.STAMP, Level.REDUCED)):
        bulkhead = brownout.works.bulkheads[kind]
        for _ in range(bulkhead.limit):
            bulkhead.arrive(0, now_s=clock.now_s, until_s=float("inf"))
        for _ in range(int(RISE_S) + 1):
            bulkhead.arrive(0, now_s=clock.now_s, until_s=float("inf"))
            clock.now_s += 1.0
            bulkhead.look(clock.now_s)
            level = brownout.level
        assert level is wanted, kind
    health = brownout.for_gate()
    assert 0.1 <= health.able < 0.5
    assert health.sells
    assert not health.queues


def test_an_operator_holds_a_level_and_lets_it_go(tmp_path: Path) -> None:
    clock = Clock()
    brownout = Brownout(tmp_path, clock_s=clock)
    for hold, level in ((3, Level.PAUSED), (0, Level.FULL), (4, Level.STATIC), (None, Level.FULL)):
        Hold(level=hold).write(tmp_path, uid=None)
        clock.now_s += 1.0
        assert brownout.level is level
    assert brownout.health == 1.0
    (tmp_path / HOLD_FILE).write_text("{")
    clock.now_s += 1.0
    assert brownout.level is Level.FULL
    (tmp_path / HOLD_FILE).write_text(json.dumps({"level": 5}))
    with pytest.raises(ValueError, match="level"):
        Hold.read(tmp_path)


@pytest.mark.parametrize(
    ("way", "level"),
    [
        (Way(Kind.INSPECT, 1), Level.STATIC),
        (Way(Kind.PAY, 1, buys=True), Level.PAUSED),
        (Way(Kind.ORDER, 0, buys=True), Level.PAUSED),
        (Way(Kind.HISTORY, 0), Level.PAUSED),
        (Way(Kind.PAY, 0), Level.STATIC),
        (Way(Kind.STAMP, 0), Level.STATIC),
        (Way(Kind.CLAIM, 0), Level.STATIC),
        (Way(Kind.VERIFY, 0), Level.STATIC),
    ],
)
def test_what_is_left_off_from_which_level(tmp_path: Path, way: Way, level: Level) -> None:
    for held in Level:
        Hold(level=int(held)).write(tmp_path, uid=None)
        assert Brownout(tmp_path).closes(way) == (held >= level)


def test_nothing_is_drawn_from_the_first_level_on(tmp_path: Path) -> None:
    for held in Level:
        Hold(level=int(held)).write(tmp_path, uid=None)
        brownout = Brownout(tmp_path)
        if held is Level.FULL:
            brownout.see_drawing()
        else:
            with pytest.raises(LeftOff):
                brownout.see_drawing()
