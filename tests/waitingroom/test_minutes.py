"""What the minutes show of a number is true of it, whatever came when; a crash takes no kept minute away."""

from __future__ import annotations

from hypothesis import given, strategies as st

from bubuh.waitingroom.minutes import KEPT, Minute, Minutes
from bubuh.waitingroom.records import Kind
from bubuh.waitingroom.room import Room
from tests.waitingroom.make import NOW_S, TENGGAT, deadline_lane, lane, room, rules


@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=40),
    deadline_s=st.none() | st.integers(0, 2400),
    data=st.data(),
)
def test_what_is_shown_of_a_number_is_what_happened(
    steps: list[tuple[int, int, bool]], deadline_s: int | None, data: st.DataObject
) -> None:
    minutes, history, issued, serving = Minutes(), list[Minute](), 0, 0
    for at, (joined, called, was_open) in enumerate(steps):
        issued += joined
        serving = min(issued, serving + called)
        history.append(Minute(at * 60 + 1, issued, serving, was_open))
        minutes.keep(history[-1])
    assert list(minutes) == history
    number = data.draw(st.integers(1, issued + 1))
    seen = minutes.seen(number, number, deadline_s=deadline_s)
    if number > issued:
        assert seen is None
        return
    assert seen is not None
    waited = [one for one in history if one.issued >= number > one.serving]
    called_at = [one.at_s for one in history if one.serving >= number]
    given_by = next(one.at_s for one in history if one.issued >= number)
    assert seen.given_by == given_by
    assert seen.given_after == max((one.at_s for one in history if one.issued < number), default=None)
    assert seen.waited_at == (waited[-1].at_s if waited else None)
    assert seen.ahead == (number - waited[-1].serving if waited else 0)
    assert seen.called_by == (called_at[0] if called_at else None)
    if waited and deadline_s is not None and waited[-1].at_s >= deadline_s:
        until = next(one.at_s for one in history if one.at_s >= max(deadline_s, given_by))
        between = [one for one in history if given_by <= one.at_s <= until]
        assert seen.was_open == all(one.was_open for one in between)


def test_four_days_are_kept_and_a_clock_that_went_back_writes_nothing() -> None:
    minutes = Minutes()
    for at in range(KEPT + 2_000):
        minutes.keep(Minute(NOW_S + 60 * at, at + 1, 0, was_open=True))
    kept = list(minutes)
    assert KEPT <= len(kept) <= KEPT + 720
    assert kept[-1].issued == KEPT + 2_000
    minutes.keep(Minute(NOW_S, 1, 1, was_open=True))
    assert list(minutes) == kept
    assert not minutes.is_due(kept[-1].at_s + 1)
    assert minutes.is_due(kept[-1].at_s + 60)


def test_minutes_survive_crashes_new_logs_and_lanes_that_were_taken_out() -> None:
    before = room(lane(), deadline_lane())
    for _ in range(5):
        before.join(TENGGAT)
    wanted = before.wanted_minutes(NOW_S, is_open=True)
    assert [(record.kind, record.lane) for record in wanted] == [(Kind.STOOD, TENGGAT)], (
        "where one has joined"
    )
    before.apply(wanted)
    assert before.wanted_minutes(NOW_S + 1, is_open=True) == []
    before.apply(before.wanted_minutes(NOW_S + 60, is_open=False))
    for new_rules in (rules(lane(), deadline_lane()), rules(lane())):
        after = Room(new_rules)
        after.apply(before.snapshot(), restoring=True)
        assert list(after.lanes[TENGGAT].minutes) == list(before.lanes[TENGGAT].minutes)
        seen = after.lanes[TENGGAT].minutes.seen(5, 5, deadline_s=None)
        assert seen is not None
        assert (seen.given_by, seen.waited_at, seen.ahead, seen.was_open) == (NOW_S, NOW_S + 60, 5, False)
        assert after.lanes[TENGGAT].numbers.issued >= 5
    after.follow(rules(lane(), deadline_lane()))
    assert after.lanes[TENGGAT].rule == deadline_lane(), "and comes back as it was"
