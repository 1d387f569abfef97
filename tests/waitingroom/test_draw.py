"""The draw: every number in one place, whenever the power fails, and nobody called before it."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from bubuh.waitingroom.draw import (
    KEY_BYTES,
    DrawPlan,
    FalseReveal,
    Order,
    commitment,
    draw_key,
    revealed,
)
from bubuh.waitingroom.records import Kind, Record
from bubuh.waitingroom.refusals import NotDrawn, NotYet
from bubuh.waitingroom.room import Room
from tests.waitingroom.make import ALICE, NOW_S, UMUM, room, rules, turn

SECRET = bytes(range(32))
VALUE = "IHSG 24-11-2026: 7.412,55"
CLOSES_AT = NOW_S + 10


def plan(**given: Any) -> DrawPlan:
    facts: dict[str, Any] = {"commit": commitment(SECRET), "says": "IHSG", "closes_at": CLOSES_AT}
    return DrawPlan(**({"lanes": (UMUM,)} | facts | given))


def step(made: Room, wanted: DrawPlan | None, now_s: float) -> list[Record]:
    """One second of the keeper's: calls and draw are kept together and then true."""
    kept = made.tick(now_s, 1.0) + made.wanted_marks() + made.draw(wanted, now_s)
    made.apply(kept)
    return kept


@given(
    size=st.integers(1, 700), key=st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), lane=st.integers(1, 63)
)
@settings(max_examples=60, deadline=None)
def test_every_number_has_one_place_and_every_place_one_number(size: int, key: bytes, lane: int) -> None:
    assert sorted(Order(key, lane=lane, size=size)) == list(range(size))


@given(size=st.integers(1, 10**11), data=st.data())
@settings(max_examples=40, deadline=None)
def test_places_of_large_draws_are_among_them_and_differ(size: int, data: st.DataObject) -> None:
    order = Order(bytes(KEY_BYTES), lane=UMUM, size=size)
    numbers = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=20))
    places = {order.place(number) for number in numbers}
    assert len(places) == len(numbers)
    assert all(0 <= place < size for place in places)


def test_who_came_first_has_no_better_place() -> None:
    """Over many keys the first of 100 stands anywhere: each fifth gets its part, five deviations at most."""
    fifths = [0] * 5
    for at in range(2_000):
        fifths[Order(at.to_bytes(KEY_BYTES), lane=UMUM, size=100).place(0) // 20] += 1
    assert all(abs(count - 400) < 5 * (2_000 * 0.2 * 0.8) ** 0.5 for count in fifths), fifths


def test_lanes_are_drawn_apart() -> None:
    key = draw_key(SECRET, VALUE)
    assert list(Order(key, lane=2, size=50)) != list(Order(key, lane=3, size=50))


def test_another_secret_than_the_committed_one_is_refused() -> None:
    with pytest.raises(FalseReveal):
        revealed(plan(), bytes(32), VALUE)
    false = plan(secret=bytes(32).hex(), value=VALUE)
    assert false.key() is None
    assert revealed(plan(), SECRET, f" {VALUE}\n").key() == draw_key(SECRET, VALUE)


def test_who_joins_before_the_opening_is_called_in_the_drawn_order() -> None:
    made, wanted = room(per_s=50.0), plan()
    early = [made.join(UMUM) for _ in range(3)]
    step(made, wanted, NOW_S)
    drawn = [made.join(UMUM) for _ in range(200)]
    for second in range(12):
        step(made, wanted, NOW_S + second)
    behind = made.join(UMUM)
    lane = made.lanes[UMUM]
    assert lane.window.serving == early[-1]
    with pytest.raises(NotDrawn):
        made.enter(turn(number=drawn[0]), ALICE, now_s=NOW_S + 12)
    step(made, revealed(wanted, SECRET, VALUE), NOW_S + 12)
    places = [lane.place(number) for number in drawn]
    assert sorted(place for place in places if place is not None) == drawn
    assert places != drawn
    assert [lane.place(one) for one in (*early, behind)] == [*early, behind]
    step(made, revealed(wanted, SECRET, VALUE), NOW_S + 13)
    serving = lane.window.serving
    assert early[-1] < serving < behind
    number_at = {place: number for number, place in zip(drawn, places, strict=True)}
    with pytest.raises(NotYet) as caught:
        made.enter(turn(number=number_at[serving + 1]), ALICE, now_s=NOW_S + 14)
    assert caught.value.details["ahead"] == 1
    record = made.enter(turn(number=number_at[serving]), ALICE, now_s=NOW_S + 14)
    assert (record.kind, record.a) == (Kind.ENTERED, number_at[serving])
    made.apply([record])
    assert lane.window.is_used(serving)


def test_a_reveal_before_the_end_draws_nothing_until_then() -> None:
    made = room()
    step(made, plan(), NOW_S)
    made.join(UMUM)
    early = revealed(plan(), SECRET, VALUE)
    step(made, early, NOW_S + 1)
    assert made.lanes[UMUM].place(1) is None
    step(made, early, CLOSES_AT)
    step(made, early, CLOSES_AT + 1)
    assert made.lanes[UMUM].place(1) == 1


@pytest.mark.parametrize("lost", [True, False])
def test_a_draw_that_is_given_up_leaves_all_as_they_joined(lost: bool) -> None:  # noqa: FBT001
    made = room()
    step(made, plan(), NOW_S)
    numbers = [made.join(UMUM) for _ in range(20)]
    dropped = None if lost else msgspec.structs.replace(plan(), is_dropped=True)
    kinds = [record.kind for record in step(made, dropped, NOW_S + 1)]
    assert kinds[-2:] == [Kind.CUT, Kind.DROPPED]
    assert [made.lanes[UMUM].place(one) for one in numbers] == numbers
    assert step(made, dropped, NOW_S + 2)[0].kind is Kind.CALLED


@given(cut_at=st.lists(st.booleans(), min_size=16, max_size=16), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_whenever_the_power_fails_the_order_that_was_told_stays(cut_at: list[bool], seed: int) -> None:
    """What a tick decided is kept or lost as a whole; what was told before is never another afterwards."""
    made, log, wanted = room(per_s=5.0), list[Record](), plan()
    log += [Record(Kind.MARK, UMUM, made.lanes[UMUM].numbers.mark)]
    told: dict[int, int] = {}
    numbers: list[int] = []
    for second, dies in enumerate(cut_at):
        now_s = NOW_S + second
        shown = wanted if second < 12 else revealed(wanted, SECRET, f"{seed}")
        numbers += [made.join(UMUM) for _ in range(seed % 7)]
        kept = made.tick(now_s, 1.0) + made.wanted_marks() + made.draw(shown, now_s)
        if dies:
            log += kept[: seed % (len(kept) + 1)]
            made = Room(rules(per_s=5.0))
            made.apply(log, restoring=True)
            again = made.wanted_marks()
            made.apply(again)
            log = made.snapshot()
            twice = Room(rules(per_s=5.0))
            twice.apply(log, restoring=True)
            assert twice.snapshot() == log
        else:
            log += kept
            made.apply(kept)
        lane = made.lanes[UMUM]
        present = {number: place for number in numbers if (place := lane.place(number)) is not None}
        assert len(set(present.values())) == len(present)
        assert all(present.get(number) == place for number, place in told.items() if place > lane.window.over)
        if any(draw.key for draw in lane.draws):
            told = present


def test_a_key_is_the_same_wherever_it_is_made() -> None:
    """Known values, so that a change of the rules is seen: others may have written them down."""
    key = draw_key(SECRET, VALUE)
    assert commitment(SECRET) == plan().commit
    assert [Order(bytes(range(16)), lane=3, size=1_000_000).place(at) for at in (0, 123_456, 999_999)][
        1
    ] == 351_628
    assert len(key) == KEY_BYTES
    assert draw_key(secrets.token_bytes(32), VALUE) != key
