"""Floors and ceilings as people feel them: who of each lane comes in, whatever part of those called does."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings, strategies as st

from bubuh.core.ids import AccountId
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.refusals import NotYet, TurnOver
from bubuh.waitingroom.room import Room
from tests.waitingroom.make import NOW_S, UMUM, lane, room, turn

PER_S, SECONDS = 20.0, 180
GROUP, PARTNER = 5, 6
WAITING = 25_000  #: in each lane: as many as come in all, were one in seven to come
SAVED_S = 15.0  #: seconds' worth that a lane may have saved up, or expected wrongly at the start


def night(shows: dict[int, float], *, seed: int) -> Counter[int]:
    """How many of each lane came in; of those called a `shows` part comes, within ten seconds."""
    made: Room = room(
        lane(floor=0.1),
        lane(id=GROUP, name="dinas", kind=LaneKind.GROUP, floor=0.3),
        lane(id=PARTNER, name="mitra", kind=LaneKind.PARTNER, floor=0.05, ceiling=0.2, weight=5.0),
        per_s=PER_S,
        slots=1_000_000,
        window_s=60,
    )
    rng, came = random.Random(seed), Counter[int]()
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
    return came


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
    came = night(dict(zip((UMUM, GROUP, PARTNER), parts, strict=True)), seed=seed)
    whole = PER_S * SECONDS
    assert came[PARTNER] <= 0.2 * PER_S * (SECONDS + SAVED_S)
    for lane_id, floor in ((UMUM, 0.1), (GROUP, 0.3), (PARTNER, 0.05)):
        assert came[lane_id] >= floor * PER_S * (SECONDS - 30) * 0.9, (lane_id, came)
    assert sum(came.values()) <= PER_S * (SECONDS + SAVED_S)
    assert sum(came.values()) >= 0.75 * whole
