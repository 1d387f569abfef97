"""The limiter's laws, over any order of arrivals, ends, cancellations and times."""

from __future__ import annotations

import math

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bubuh.edge.bulkhead import MOST_WAITING, Bulkhead, Place, Standing
from bubuh.edge.gradient import LEAST_SAMPLES, WINDOW_S, Bounds, Gradient

BOUNDS = Bounds(floor=2, start=4, ceiling=9)
BOUND_S = 1.0
NEVER = math.inf


def windows(gradient: Gradient, took_s: float, *, in_flight: int, count: int, from_s: float = 0.0) -> float:
    """So many whole windows of equal samples; the time after them."""
    now_s = from_s
    for _ in range(count):
        for _ in range(LEAST_SAMPLES):
            gradient.note(took_s, in_flight=in_flight, now_s=now_s)
        now_s += WINDOW_S
        gradient.note(took_s, in_flight=in_flight, now_s=now_s)
    return now_s


@given(
    st.lists(st.tuples(st.floats(0, 1e3), st.integers(1, 50), st.floats(0, 5)), max_size=300),
    st.integers(1, 20),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_a_limit_never_leaves_its_bounds(
    samples: list[tuple[float, int, float]], floor: int, more: int, most: int
) -> None:
    bounds = Bounds(floor=floor, start=floor + more, ceiling=floor + more + most)
    gradient, now_s = Gradient(bounds), 0.0
    for took_s, in_flight, later_s in samples:
        now_s += later_s
        gradient.note(took_s, in_flight=in_flight, now_s=now_s)
        assert bounds.floor <= gradient.limit <= bounds.ceiling


def test_a_slow_machine_that_few_ask_keeps_its_limit() -> None:
    gradient = Gradient(Bounds(floor=16, start=64, ceiling=256))
    now_s = windows(gradient, 0.01, in_flight=8, count=20)
    windows(gradient, 2.0, in_flight=8, count=60, from_s=now_s)
    assert gradient.limit == 64


def test_a_limit_falls_when_work_slows_under_load_and_rises_again() -> None:
    gradient = Gradient(Bounds(floor=16, start=64, ceiling=256))
    now_s = windows(gradient, 0.01, in_flight=64, count=20)
    risen = gradient.limit
    assert risen > 64
    now_s = windows(gradient, 0.2, in_flight=256, count=20, from_s=now_s)
    fallen = gradient.limit
    assert fallen < risen / 2
    windows(gradient, 0.01, in_flight=256, count=40, from_s=now_s)
    assert gradient.limit > fallen


@given(st.integers(1, 12))
def test_nobody_is_shed_while_there_is_room_or_the_wait_is_short(count: int) -> None:
    bulkhead = Bulkhead(BOUNDS, bound_s=BOUND_S)
    places = [bulkhead.arrive(0, now_s=0.0, until_s=NEVER)[0] for _ in range(count)]
    assert bulkhead.look(BOUND_S - 0.01) == []
    working = [place.standing for place in places].count(Standing.WORKING)
    assert working == min(count, BOUNDS.start)
    turned = bulkhead.look(BOUND_S)
    assert {place.standing for place in turned} <= {Standing.SHED}
    assert len(turned) == count - working


def test_work_whose_time_is_spent_is_not_begun() -> None:
    bulkhead = Bulkhead(Bounds(floor=1, start=1, ceiling=1), bound_s=10.0)
    first, _ = bulkhead.arrive(0, now_s=0.0, until_s=NEVER)
    late, _ = bulkhead.arrive(0, now_s=0.0, until_s=2.0)
    third, _ = bulkhead.arrive(1, now_s=1.0, until_s=NEVER)
    assert bulkhead.leave(first, now_s=3.0) == [late, third]
    assert (late.standing, third.standing) == (Standing.SPENT, Standing.WORKING)


def test_a_crowd_beyond_what_is_remembered_is_shed_from_its_end() -> None:
    bulkhead = Bulkhead(Bounds(floor=1, start=1, ceiling=1), bound_s=10.0)
    least, _ = bulkhead.arrive(5, now_s=0.0, until_s=NEVER)  # begins
    for _ in range(MOST_WAITING - 1):
        bulkhead.arrive(0, now_s=0.0, until_s=NEVER)
    picture, changed = bulkhead.arrive(5, now_s=0.0, until_s=NEVER)
    assert changed == []
    _, changed = bulkhead.arrive(0, now_s=0.0, until_s=NEVER)
    assert changed == [picture]
    assert (least.standing, picture.standing) == (Standing.WORKING, Standing.SHED)


class Surge(RuleBasedStateMachine):
    """Anything may happen at any time; the laws hold after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.bulkhead = Bulkhead(BOUNDS, bound_s=BOUND_S)
        self.all: list[Place] = []

    def standing(self, wanted: Standing) -> list[Place]:
        return [place for place in self.all if place.standing is wanted]

    def see(self, changed: list[Place]) -> None:
        """Each change obeys: nobody begins or is shed before somebody more (or less) urgent."""
        waiting = self.standing(Standing.WAITING)
        for place in changed:
            if place.standing is Standing.WORKING:
                assert all(other.urgency >= place.urgency for other in waiting)
                assert place.until_s > self.now_s
            elif place.standing is Standing.SHED:
                assert all(other.urgency <= place.urgency for other in waiting)
                assert self.bulkhead.in_flight >= self.bulkhead.limit
                begun_since = [
                    other
                    for other in self.all
                    if other.urgency > place.urgency
                    and other.began_s > place.since_s
                    and other.standing is Standing.WORKING
                ]
                assert begun_since == []

    @rule(urgency=st.integers(0, 3), patience_s=st.sampled_from([0.3, 2.0, NEVER]))
    def arrive(self, urgency: int, patience_s: float) -> None:
        place, changed = self.bulkhead.arrive(urgency, now_s=self.now_s, until_s=self.now_s + patience_s)
        self.all.append(place)
        self.see(changed)

    @precondition(lambda self: self.standing(Standing.WORKING))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.standing(Standing.WORKING)))
        self.see(self.bulkhead.leave(place, now_s=self.now_s))

    @precondition(lambda self: self.standing(Standing.WAITING))
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.standing(Standing.WAITING)))
        self.see(self.bulkhead.leave(place, now_s=self.now_s))

    @rule(later_s=st.floats(0.01, 3))
    def pass_time(self, later_s: float) -> None:
        self.now_s += later_s
        self.see(self.bulkhead.look(self.now_s))
        starving = [
            place for place in self.standing(Standing.WAITING) if self.now_s - place.since_s >= BOUND_S
        ]
        assert starving == []

    @invariant()
    def counters_are_whole(self) -> None:
        assert self.bulkhead.in_flight == len(self.standing(Standing.WORKING))
        assert self.bulkhead.waiting == len(self.standing(Standing.WAITING))
        assert BOUNDS.floor <= self.bulkhead.limit <= BOUNDS.ceiling

    @invariant()
    def nobody_waits_while_there_is_room(self) -> None:
        assert self.bulkhead.waiting == 0 or self.bulkhead.in_flight >= self.bulkhead.limit

    def teardown(self) -> None:
        for place in self.all:
            if place.standing in {Standing.WORKING, Standing.WAITING}:
                self.bulkhead.leave(place, now_s=self.now_s)
        assert (self.bulkhead.in_flight, self.bulkhead.waiting) == (0, 0)


TestSurge = Surge.TestCase
TestSurge.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
