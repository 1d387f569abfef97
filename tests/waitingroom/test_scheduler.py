from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.scheduler import Demand, Moment, hold_back, share_out
from tests.waitingroom.make import NOW_S, deadline_lane, lane

people = st.floats(0, 1e6)
shares = st.floats(0, 0.3)


def share(*demands: Demand, amount: float = 100.0, now_s: float = NOW_S) -> list[float]:
    share_out(demands, amount, Moment(now_s=now_s, elapsed_s=1.0, safety_s=60))
    return [demand.granted for demand in demands]


@given(
    st.lists(
        st.tuples(people, shares, people, st.floats(0.1, 5), st.floats(0.3, 1), st.booleans()), max_size=6
    ),
    st.floats(0.01, 1000),
)
def test_nobody_gets_more_than_there_is_and_floors_hold(wanted, amount: float) -> None:
    demands = [
        Demand(
            rule=(deadline_lane if has_deadline else lane)(
                id=1 + at, name=f"l{at}", floor=floor / 2, weight=weight, ceiling=ceiling
            ),
            people=count,
            short=short,
        )
        for at, (count, floor, short, weight, ceiling, has_deadline) in enumerate(wanted)
    ]
    granted = share(*demands, amount=amount)
    assert sum(granted) <= amount * (1 + 1e-9)
    for demand, given_to in zip(demands, granted, strict=True):
        assert given_to <= demand.people + 1e-9
        assert given_to >= min(demand.people, demand.rule.floor * amount) - 1e-6
        assert given_to <= max(demand.rule.ceiling * amount, 0) + 1e-6 or sum(granted) < amount


@given(st.lists(st.tuples(people, shares, st.booleans()), max_size=6), st.floats(0.01, 1000), st.floats(0, 1))
def test_lanes_that_are_held_get_their_part_at_most_and_the_others_all_they_can_use(
    wanted, amount: float, part: float
) -> None:
    kinds = [LaneKind.RETAIL if is_held else LaneKind.STAMP for _, _, is_held in wanted]
    demands = [
        Demand(rule=lane(id=2 + at, name=f"l{at}", floor=floor / 2, kind=kinds[at]), people=count)
        for at, (count, floor, _) in enumerate(wanted)
    ]
    before = share(*demands, amount=amount)
    when = Moment(now_s=NOW_S, elapsed_s=1.0, safety_s=60)
    hold_back(demands, amount, part, when, is_held=lambda rule: rule.kind is LaneKind.RETAIL)
    held = [one for one in demands if one.rule.kind is LaneKind.RETAIL]
    others = [one for one in demands if one.rule.kind is LaneKind.STAMP]
    assert sum(one.granted for one in held) <= part * amount * (1 + 1e-9) + 1e-12
    assert sum(one.granted for one in demands) <= amount * (1 + 1e-9)
    assert all(one.granted <= first + 1e-6 for one, first in zip(demands, before, strict=True) if one in held)
    left = amount - sum(one.granted for one in held)
    wish = min(left, sum(one.people for one in others))
    assert sum(one.granted for one in others) == pytest.approx(wish, rel=1e-6, abs=1e-6)


def test_what_one_lane_does_not_use_another_borrows() -> None:
    quiet, busy = Demand(rule=lane(id=2, name="a", floor=0.5), people=10), Demand(rule=lane(), people=1000)
    assert share(quiet, busy) == pytest.approx([10, 90])


def test_what_is_left_goes_by_weight() -> None:
    heavy = Demand(rule=lane(id=2, name="a", weight=3), people=1000)
    assert share(heavy, Demand(rule=lane(), people=1000)) == pytest.approx([75, 25])


def test_an_early_deadline_takes_all_but_the_floors_when_it_must() -> None:
    retail = Demand(rule=lane(floor=0.1), people=10_000)
    near = Demand(rule=deadline_lane(deadline_at=NOW_S + 660), people=100_000)
    far = Demand(rule=deadline_lane(id=10, name="far", deadline_at=NOW_S + 9000), people=100_000)
    assert share(retail, far, near) == pytest.approx([10, 0, 90])


def test_what_a_lane_is_short_of_its_floor_is_made_up_to_it_before_deadlines_and_weights() -> None:
    retail = Demand(rule=lane(floor=0.1), people=10_000, short=400)
    near = Demand(rule=deadline_lane(deadline_at=NOW_S + 660), people=100_000)
    heavy = Demand(rule=lane(id=2, name="a", weight=9), people=10_000)
    assert share(retail, near, heavy) == pytest.approx([15, 85, 0])


def test_what_is_made_up_takes_nothing_of_the_floors_of_others() -> None:
    short = Demand(rule=lane(floor=0.3), people=10_000, short=60_000)
    assert share(short, Demand(rule=lane(id=2, name="a", floor=0.6), people=1000)) == pytest.approx([40, 60])


def test_a_deadline_far_off_leaves_room_for_others() -> None:
    retail = Demand(rule=lane(floor=0.1), people=10_000)
    far = Demand(rule=deadline_lane(deadline_at=NOW_S + 7200 + 60), people=14_400)
    assert share(retail, far) == pytest.approx([45, 55])  # of the rest half each


def test_a_lane_past_its_deadline_is_one_like_the_others() -> None:
    past = Demand(rule=deadline_lane(deadline_at=NOW_S - 1), people=1000)
    assert share(Demand(rule=lane(), people=1000), past) == pytest.approx([50, 50])


def test_a_ceiling_is_never_exceeded() -> None:
    partner = Demand(rule=lane(id=5, name="mitra", kind=LaneKind.PARTNER, ceiling=0.3), people=1000)
    assert share(partner) == pytest.approx([30])
