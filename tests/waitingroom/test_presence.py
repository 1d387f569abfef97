"""Who still waits, as far as a few of them say so."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from bubuh.core.ids import AccountId
from bubuh.waitingroom.presence import PANEL, TELL_S, Presence, step_of
from bubuh.waitingroom.refusals import NotYet
from bubuh.waitingroom.room import RETRY_S, Room
from tests.waitingroom.make import NOW_S, TENGGAT, UMUM, room, turn


def listened(issued: int, stays: Callable[[int], bool], *, seconds: int = 600, step: int = 1) -> Presence:
    """So many wait, and tell each minute until half of the time is over; then only those who stay."""
    found = Presence()
    for now_s in range(0, seconds, 30):
        for place in range(step, issued + 1, step):
            if now_s % TELL_S == 0 and (now_s < seconds / 2 or stays(place)):
                found.hear(place, step=step, now_s=now_s)
        found.look(now_s, serving=0, issued=issued, pace=float(issued))
    return found


@given(st.integers(0, 10**7))
def test_of_any_number_who_wait_about_as_many_may_tell(waiting: int) -> None:
    step = step_of(waiting)
    assert waiting // step <= PANEL
    assert step == 1 or waiting // step >= PANEL // 2


def test_who_told_and_fell_silent_has_gone_and_who_never_told_says_nothing() -> None:
    gone = listened(256, lambda place: place > 128)
    assert gone.people(0, 128) == 0
    assert gone.people(128, 256) == 128
    assert gone.mean == 0.5
    never = Presence()
    for now_s in (0, 30, 600):
        never.look(now_s, serving=0, issued=256, pace=1.0)
    assert (never.mean, never.people(0, 256)) == (1.0, 256)
    assert never.people(0, 10_000) == 10_000, "whoever came since is there"


def test_those_far_behind_may_be_silent_for_longer_for_they_ask_more_seldom() -> None:
    found = Presence()
    for place in range(1, 1001):
        found.hear(place, step=1, now_s=0.0)
    found.look(300.0, serving=0, issued=1000, pace=1.0)
    assert found.people(0, 32) == 0
    assert found.people(960, 1000) == 40


def test_few_are_remembered_whoever_tells() -> None:
    found = Presence()
    for place in range(1, 10 * PANEL):
        found.hear(place, step=1, now_s=0.0)
    assert found.size() == 2 * PANEL
    found.look(60.0, serving=PANEL, issued=10 * PANEL, pace=1.0)
    assert found.size() <= PANEL
    assert not found.hear(3, step=2, now_s=60.0)


def waiting(made: Room, numbers: int) -> Room:
    for _ in range(numbers):
        made.apply(made.wanted_marks())
        made.join(UMUM)
    return made


def test_while_nobody_at_all_is_heard_nobody_has_gone() -> None:
    made = waiting(room(per_s=0.01), 500)
    for second in range(300):
        if second % 60 == 0:
            assert all(made.hear(UMUM, number) for number in range(made.lanes[UMUM].window.serving + 1, 501))
        made.apply(made.tick(NOW_S + second, 1.0))
    show = made.lanes[UMUM].show
    for second in range(300, 4000):  # the way to the gate is broken
        made.apply(made.tick(NOW_S + second, 1.0))
    assert made.lanes[UMUM].presence.mean == 1.0
    assert made.lanes[UMUM].show == pytest.approx(show, abs=0.1)


def test_only_who_waits_is_heard() -> None:
    made = waiting(room(), 100)
    made.apply(made.tick(NOW_S, 1.0))
    serving = made.lanes[UMUM].window.serving
    assert 0 < serving < 100
    heard = {number for number in range(200) if made.hear(UMUM, number)}
    assert heard == set(range(serving + 1, 101))
    assert not made.hear(TENGGAT, 1)


def test_behind_a_crowd_that_went_home_people_come_in_at_the_operators_pace() -> None:
    """6,000 wait and go; behind them one in five comes. In steps of 50 s, from when they are called."""
    gone, per_s = 6000, 2.0
    told = night(gone, per_s, tells=True)
    silent = night(gone, per_s, tells=False)
    assert sum(told) <= 4 * per_s < 1.1 * 4 * per_s < sum(silent)
    assert max(told) <= 1.2 * per_s < max(silent)
    assert sum(told) >= 0.8 * 4 * per_s


def night(gone: int, per_s: float, *, tells: bool) -> list[float]:
    """People let in a second, in steps of 50 s from when those who stayed are called."""
    made, seed = waiting(room(per_s=per_s, window_s=60), gone + 3000), random.Random(7)
    stays = [number > gone and seed.random() < 0.2 for number in range(gone + 3001)]
    due: list[tuple[int, int]] = []
    entered: list[int] = []
    began = None
    for second in range(1400):
        window = made.lanes[UMUM].window
        if tells and second % 60 == 0:
            for number in range(window.serving + 1, gone + 3001):
                if second < 480 or stays[number] or (number > gone and number % 2):
                    made.hear(UMUM, number)
        before = window.serving
        if second >= 900:  # until then the room is not open
            made.apply(made.tick(NOW_S + second, 1.0))
        else:
            made.tick(NOW_S + second, 1.0, is_open=False)
        called = range(before + 1, window.serving + 1)
        due += [(second + seed.randint(1, 15), number) for number in called if stays[number]]
        if began is None and window.serving > gone:
            began = second
        now, due = [one for one in due if one[0] <= second], [one for one in due if one[0] > second]
        for _, number in now:
            try:
                made.apply([made.enter(turn(number=number), AccountId(number), now_s=NOW_S + second)])
                entered.append(second)
            except NotYet:
                due.append((second + RETRY_S, number))
    assert began is not None
    steps = range(began, began + 200, 50)
    return [sum(first <= second < first + 50 for second in entered) / 50 for first in steps]


def test_what_is_there_is_told_of_numbers_called_too() -> None:
    found = listened(4096, lambda place: place % 4 == 0, step=2)
    assert sum(size * part for size, part in found.parts(0) if size < math.inf) == pytest.approx(
        found.mean * 4096, rel=0.01
    )
