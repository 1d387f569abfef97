"""Floors and ceilings as people feel them: who of each lane comes in, whatever part of those called does."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from bubuh.core.ids import AccountId
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.refusals import NotYet, TurnOver
from bubuh.waitingroom.room import Room
from tests.waitingroom.make import NOW_S, TENGGAT, UMUM, deadline_lane, lane, room, turn

PER_S, SECONDS = 20.0, 180
GROUP, PARTNER = 5, 6
WAITING = 25_000  #: in each lane: as many as come in all, were one in seven to come
SAVED_S = 15.0  #: seconds' worth that a lane may have saved up, or expected wrongly at the start


FLOORS = {UMUM: 0.1, GROUP: 0.3, PARTNER: 0.05}


def night(shows: dict[int, float], *, seed: int) -> list[Counter[int]]:
    """How many of each lane had come in after each second; a `shows` part of those called comes, in ten."""
    made: Room = room(
        lane(floor=FLOORS[UMUM]),
        lane(id=GROUP, name="dinas", kind=LaneKind.GROUP, floor=FLOORS[GROUP]),
        lane(id=PARTNER, name="mitra", kind=LaneKind.PARTNER, floor=FLOORS[PARTNER], ceiling=0.2, weight=5.0),
        per_s=PER_S,
        slots=1_000_000,
        window_s=60,
    )
    rng, came, history = random.Random(seed), Counter[int](), [Counter[int]()]
    seen = dict.fromkeys(made.lanes, 0)
    at_door: list[tuple[int, int, int]] = []  # when, lane, number
    fill(made)
    for second in range(SECONDS):
        made.apply(made.tick(NOW_S + second, 1.0))
        for lane_id, one in made.lanes.items():
            fresh = range(seen[lane_id] + 1, one.window.serving + 1)
            seen[lane_id] = one.window.serving
            at_door += [
                (second + rng.randrange(10), lane_id, no) for no in fresh if rng.random() < shows[lane_id]
            ]
        now_s, later = NOW_S + second, []
        for when, lane_id, number in at_door:
            if when > second:
                later.append((when, lane_id, number))
                continue
            account_id = AccountId(lane_id * 1_000_000 + number)
            try:
                made.apply([made.enter(turn(lane=lane_id, number=number), account_id, now_s=now_s)])
            except NotYet:
                later.append((second + 8, lane_id, number))
            except TurnOver:
                continue
            else:
                came[lane_id] += 1
        at_door = later
        history.append(came.copy())
    return history


def test_those_who_missed_their_window_get_a_tenth_of_their_lanes_people_while_others_wait() -> None:
    """The first 400 sleep through it, then they come together, and everybody who is called comes too."""
    sleepers, seconds = 400, 60
    made = room(per_s=PER_S, slots=1_000_000, window_s=60)
    one, came = made.lanes[UMUM], Counter[str]()
    fill(made)
    at_door, seen, second, ends = list[int](), sleepers, 0, 0
    while not ends or second < ends:
        made.apply(made.tick(NOW_S + second, 1.0))
        at_door += range(seen + 1, one.window.serving + 1)
        seen = max(seen, one.window.serving)
        if not ends and one.window.floor >= sleepers:
            at_door, ends, came = [*range(1, sleepers + 1), *at_door], second + seconds, Counter()
        waiting = list[int]()
        for number in at_door:
            try:
                made.apply([made.enter(turn(number=number), AccountId(number), now_s=NOW_S + second)])
                came["late" if number <= sleepers else "called"] += 1
            except NotYet:
                waiting.append(number)
        at_door, second = waiting, second + 1
    assert one.waiting > 0
    assert 0.05 * PER_S * seconds <= came["late"] <= 0.1 * PER_S * (seconds + SAVED_S)
    assert came["called"] >= 0.75 * PER_S * seconds


def fill(made: Room) -> None:
    """So many wait in each lane."""
    for at in range(WAITING):
        for lane_id in made.lanes:
            made.join(lane_id)
        if at % 1_000 == 0:
            made.apply(made.wanted_marks())


@settings(max_examples=12, deadline=None)
@given(st.tuples(*(st.sampled_from([0.15, 0.4, 0.8, 1.0]) for _ in range(3))), st.integers(0, 2**16))
def test_each_lane_has_its_floor_and_none_goes_over_its_ceiling(
    parts: tuple[float, float, float], seed: int
) -> None:
    history = night(dict(zip((UMUM, GROUP, PARTNER), parts, strict=True)), seed=seed)
    came = history[-1]
    whole = PER_S * SECONDS
    assert came[PARTNER] <= 0.2 * PER_S * (SECONDS + SAVED_S)
    for lane_id, floor in FLOORS.items():
        assert came[lane_id] >= floor * PER_S * (SECONDS - 30) * 0.9, (lane_id, came)
        assert most_short([now[lane_id] for now in history], floor * PER_S) <= 60 * floor * PER_S
    assert sum(came.values()) <= PER_S * (SECONDS + SAVED_S)
    assert sum(came.values()) >= 0.75 * whole


def test_a_lane_of_which_nobody_comes_costs_others_its_floor_and_three_quarters_of_it_again() -> None:
    came = night({UMUM: 1.0, GROUP: 0.0, PARTNER: 1.0}, seed=1)[-1]
    assert came[GROUP] == 0
    assert came[UMUM] + came[PARTNER] >= (1 - 1.75 * FLOORS[GROUP]) * PER_S * (SECONDS - 30)


def most_short(came: list[int], per_s: float) -> float:
    """By how many people, of `per_s` a second, the leanest time between any two seconds fell short."""
    best = worst = 0.0
    for second, count in enumerate(came):
        ahead = count - per_s * second
        best = max(best, ahead)
        worst = max(worst, best - ahead)
    return worst


@pytest.mark.parametrize("seed", range(4))
def test_in_any_half_hour_a_lane_has_its_floor_though_ever_other_parts_of_those_called_come(
    seed: int,
) -> None:
    """Every seven minutes another part of them does, down to a twentieth, and nobody knows before."""
    floor, per_s, half_hour = 0.1, 4.0, 1800
    made = room(
        lane(floor=floor), deadline_lane(deadline_at=NOW_S + 7200), per_s=per_s, window_s=600, slots=1_000_000
    )
    rng, one, came = random.Random(seed), made.lanes[UMUM], [0]
    at_door: list[list[tuple[int, int]]] = [[] for _ in range(32)]
    for at in range(40_000):
        made.join(UMUM)
        made.join(TENGGAT)
        if at % 1_000 == 0:
            made.apply(made.wanted_marks())
    for second in range(3300):
        if second % 420 == 0:
            shows = {UMUM: rng.choice([0.05, 0.1, 0.3, 0.9]), TENGGAT: rng.choice([0.5, 0.9])}
        before = {lane_id: lane.window.serving for lane_id, lane in made.lanes.items()}
        made.apply(made.tick(NOW_S + second, 1.0))
        for lane_id, lane_now in made.lanes.items():
            for number in range(before[lane_id] + 1, lane_now.window.serving + 1):
                if rng.random() < shows[lane_id]:
                    at_door[(second + rng.randint(3, 15)) % 32].append((lane_id, number))
        for lane_id, number in at_door[second % 32]:
            account_id = AccountId(lane_id * 1_000_000 + number)
            try:
                made.apply([made.enter(turn(lane=lane_id, number=number), account_id, now_s=NOW_S + second)])
            except NotYet:
                at_door[(second + 8) % 32].append((lane_id, number))
        at_door[second % 32] = []
        came.append(one.entered)
    assert one.waiting > 0
    assert one.entered < 0.15 * per_s * 3300, "the deadline's lane took all else"
    least = min(now - then for then, now in zip(came, came[half_hour:], strict=False))
    assert least >= floor * per_s * half_hour
