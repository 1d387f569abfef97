"""The limiter's laws, over any order of arrivals, ends, cancellations and times."""

from __future__ import annotations

import math

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bubuh.edge.bulkhead import MOST_IDLE, MOST_WAITING, Bulkhead, Place, Standing
from bubuh.edge.bulkheads import RULES, Kind
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

ONE = Bounds(floor=1, start=2, ceiling=4)  #: of one partner
WHOLE = Bounds(floor=4, start=6, ceiling=8)  #: of all together


def test_a_partner_who_drowns_leaves_room_for_another() -> None:
    bulkhead = Bulkhead(RULES[Kind.PARTNER].bounds, bound_s=2.0, each=RULES[Kind.PARTNER].each)
    for _ in range(2 * MOST_WAITING):
        bulkhead.arrive(0, now_s=0.0, until_s=NEVER, owner=1)
    assert (bulkhead.in_flight, bulkhead.waiting) == (128, MOST_WAITING), "half of the places, and no more"
    other, changed = bulkhead.arrive(2, now_s=1.0, until_s=NEVER, owner=2)
    assert (other.standing, changed[0]) == (Standing.WORKING, other), "at once, though less urgent"
    assert {place.owner for place in changed[1:]} <= {1}
    shed = bulkhead.look(2.0)
    assert {(place.owner, place.standing) for place in shed} == {(1, Standing.SHED)}


def test_where_many_drown_the_next_place_is_of_who_has_the_fewest() -> None:
    bulkhead = Bulkhead(WHOLE, bound_s=BOUND_S, each=ONE)
    drowning = [
        bulkhead.arrive(0, now_s=0.0, until_s=NEVER, owner=owner)[0] for owner in (1, 2, 3) for _ in range(50)
    ]
    assert bulkhead.in_flight == 6
    late, changed = bulkhead.arrive(1, now_s=0.5, until_s=NEVER, owner=4)
    assert (changed, late.standing) == ([], Standing.WAITING)
    first = next(place for place in drowning if place.standing is Standing.WORKING)
    assert bulkhead.leave(first, now_s=0.6) == [late]


def test_a_line_is_as_long_as_is_served_within_the_bound() -> None:
    bulkhead = Bulkhead(Bounds(floor=1, start=1, ceiling=1), bound_s=2.0)
    place, _ = bulkhead.arrive(1, now_s=0.0, until_s=NEVER)
    for second in range(3):  # ten come and ten begin in each
        for _ in range(10 + 5 * (second == 0)):
            bulkhead.arrive(1, now_s=float(second), until_s=NEVER)
        for turn in range(10):
            now_s = second + (turn + 1) / 10
            (place,) = bulkhead.leave(place, now_s=now_s)
    assert bulkhead.waiting == 5
    for _ in range(15):
        assert bulkhead.arrive(1, now_s=now_s, until_s=NEVER)[0].standing is Standing.WAITING
    hopeless, changed = bulkhead.arrive(1, now_s=now_s, until_s=NEVER)
    assert (hopeless.standing, changed) == (Standing.SHED, [hopeless])
    assert bulkhead.pressure(now_s) == 1.0, "which is as bad as having waited"
    urgent, changed = bulkhead.arrive(0, now_s=now_s, until_s=NEVER)
    assert urgent.standing is Standing.WAITING
    assert [(one.urgency, one.standing) for one in changed] == [(1, Standing.SHED)], (
        "in the urgent one's stead"
    )


def test_a_line_too_long_is_its_owners_own() -> None:
    bulkhead = Bulkhead(
        Bounds(floor=1, start=1, ceiling=1), bound_s=2.0, each=Bounds(floor=1, start=1, ceiling=1)
    )
    place, _ = bulkhead.arrive(1, now_s=0.0, until_s=NEVER, owner=1)
    now_s = 0.0
    for second in range(3):
        for _ in range(10 + 5 * (second == 0)):
            bulkhead.arrive(1, now_s=float(second), until_s=NEVER, owner=1)
        for turn in range(10):
            now_s = second + (turn + 1) / 10
            (place,) = bulkhead.leave(place, now_s=now_s)
    few, changed = bulkhead.arrive(2, now_s=now_s, until_s=NEVER, owner=2)
    assert (few.standing, changed) == (Standing.WAITING, []), "another's first is not too many"
    came = [bulkhead.arrive(1, now_s=now_s, until_s=NEVER, owner=1)[0] for _ in range(10)]
    assert [one.standing for one in came] == [Standing.WAITING] * 5 + [Standing.SHED] * 5, "ten are its half"


def test_the_pace_of_a_line_that_is_gone_sheds_nobody() -> None:
    one = Bounds(floor=1, start=1, ceiling=1)
    bulkhead = Bulkhead(Bounds(floor=4, start=4, ceiling=4), bound_s=2.0, each=one)
    bulkhead.arrive(1, now_s=0.0, until_s=NEVER, owner=1)
    waits, _ = bulkhead.arrive(1, now_s=0.0, until_s=NEVER, owner=1)
    assert bulkhead.look(2.5) == [waits], "nobody began for as long as one may wait"
    assert bulkhead.arrive(1, now_s=3.0, until_s=NEVER, owner=2)[0].standing is Standing.WORKING
    assert bulkhead.arrive(1, now_s=3.1, until_s=NEVER, owner=2)[0].standing is Standing.WAITING


def test_what_overflows_is_of_who_has_the_most_waiting() -> None:
    bulkhead = Bulkhead(WHOLE, bound_s=10.0, each=ONE)
    for _ in range(MOST_WAITING):
        bulkhead.arrive(0, now_s=0.0, until_s=NEVER, owner=1)
    few = [bulkhead.arrive(5, now_s=0.0, until_s=NEVER, owner=2)[0] for _ in range(9)]
    assert [place.standing for place in few] == [Standing.WORKING] * 2 + [Standing.WAITING] * 7
    assert bulkhead.waiting == MOST_WAITING


def test_a_limit_is_learnt_for_each_and_remembered_of_the_last_so_many() -> None:
    bulkhead = Bulkhead(Bounds(floor=64, start=256, ceiling=1_024), bound_s=2.0, each=ONE)
    now_s = 0.0
    for _ in range(40):  # always as quick, and its limit used: it rises
        for _ in range(LEAST_SAMPLES):
            pair = [bulkhead.arrive(0, now_s=now_s, until_s=NEVER, owner=7)[0] for _ in range(4)]
            now_s += 0.2
            for place in pair:
                bulkhead.leave(place, now_s=now_s)
    found = [bulkhead.arrive(0, now_s=now_s, until_s=NEVER, owner=7)[0] for _ in range(9)]
    assert [place.standing for place in found].count(Standing.WORKING) == ONE.ceiling
    for place in found:
        bulkhead.leave(place, now_s=now_s)
    for owner in range(100, 100 + 2 * MOST_IDLE):
        bulkhead.leave(bulkhead.arrive(0, now_s=now_s, until_s=NEVER, owner=owner)[0], now_s=now_s)
    assert bulkhead.owners == MOST_IDLE
    anew = [bulkhead.arrive(0, now_s=now_s, until_s=NEVER, owner=7)[0] for _ in range(9)]
    assert [place.standing for place in anew].count(Standing.WORKING) == ONE.start


class Partners(RuleBasedStateMachine):
    """Several owners at one bulkhead, in any order, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.bulkhead = Bulkhead(WHOLE, bound_s=BOUND_S, each=ONE)
        self.all: list[Place] = []

    def of(self, wanted: Standing, owner: int | None = None) -> list[Place]:
        return [place for place in self.all if place.standing is wanted and owner in {None, place.owner}]

    def see(self, changed: list[Place], *, came: Place | None = None) -> None:
        """Nobody is shed but for the wait of their own owner, or its line when somebody `came` to that.

        Who begins is the most urgent of their owner.
        """
        for place in changed:
            own = self.of(Standing.WAITING, place.owner)
            if place.standing is Standing.WORKING:
                assert all(other.urgency >= place.urgency for other in own)
                assert place.until_s > self.now_s
            elif place.standing is Standing.SHED:
                assert all(other.urgency <= place.urgency for other in own)
                overdue = [
                    one
                    for one in changed
                    if one.owner == place.owner
                    and one.standing is Standing.SHED
                    and one.urgency <= place.urgency
                    and self.now_s - one.since_s >= BOUND_S
                ]
                newer = [one for one in own if (one.urgency, one.since_s) > (place.urgency, place.since_s)]
                assert overdue or (came is not None and came.owner == place.owner and newer == [])

    @rule(owner=st.integers(1, 4), urgency=st.integers(0, 2), patience_s=st.sampled_from([0.3, NEVER]))
    def arrive(self, owner: int, urgency: int, patience_s: float) -> None:
        place, changed = self.bulkhead.arrive(
            urgency, now_s=self.now_s, until_s=self.now_s + patience_s, owner=owner
        )
        self.all.append(place)
        self.see(changed, came=place)

    @precondition(lambda self: self.of(Standing.WORKING))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.of(Standing.WORKING)))
        held = {owner: len(self.of(Standing.WORKING, owner)) for owner in range(1, 5)}
        held[place.owner] -= 1
        changed = self.bulkhead.leave(place, now_s=self.now_s)
        self.see(changed)
        for begun in (one for one in changed if one.standing is Standing.WORKING):
            waiting = {one.owner for one in self.of(Standing.WAITING)}
            rivals = [held[owner] for owner in waiting if held[owner] < ONE.floor]
            assert not rivals or held[begun.owner] <= min(rivals)
            held[begun.owner] += 1

    @precondition(lambda self: self.of(Standing.WAITING))
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.of(Standing.WAITING)))
        self.see(self.bulkhead.leave(place, now_s=self.now_s))

    @rule(later_s=st.floats(0.01, 3))
    def pass_time(self, later_s: float) -> None:
        self.now_s += later_s
        self.see(self.bulkhead.look(self.now_s))

    @invariant()
    def counters_are_whole(self) -> None:
        assert self.bulkhead.in_flight == len(self.of(Standing.WORKING)) <= WHOLE.ceiling
        assert self.bulkhead.waiting == len(self.of(Standing.WAITING))
        for owner in range(1, 5):
            assert len(self.of(Standing.WORKING, owner)) <= ONE.ceiling
        assert self.bulkhead.owners <= 4

    @invariant()
    def nobody_waits_while_there_is_room(self) -> None:
        if self.bulkhead.in_flight < self.bulkhead.limit:
            for place in self.of(Standing.WAITING):
                assert len(self.of(Standing.WORKING, place.owner)) >= ONE.floor

    def teardown(self) -> None:
        for place in self.all:
            if place.standing in {Standing.WORKING, Standing.WAITING}:
                self.bulkhead.leave(place, now_s=self.now_s)
        assert (self.bulkhead.in_flight, self.bulkhead.waiting) == (0, 0)


TestPartners = Partners.TestCase
TestPartners.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
