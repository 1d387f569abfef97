"""Those who are turned away come again the later, the more of them there are."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.comeback import LATEST_S, SOONEST_S, WINDOW_S, ComeBack, ComeBacks


def noted(comeback: ComeBack, *, served: int, turned_away: int, windows: int, since_s: float) -> float:
    """So many of each in every window; when the last one ends."""
    for window in range(windows):
        begun_s = since_s + window * 2 * WINDOW_S
        for is_served in [True] * served + [False] * turned_away:
            comeback.note(is_served=is_served, now_s=begun_s)
        comeback.note(is_served=served > turned_away, now_s=begun_s + WINDOW_S)
    return since_s + windows * 2 * WINDOW_S


def test_a_crowd_is_put_off_for_longer_and_comes_soon_again_when_it_has_passed() -> None:
    comeback = ComeBack()
    assert comeback.after_s == SOONEST_S
    now_s = noted(comeback, served=10, turned_away=50, windows=1, since_s=0.0)
    assert comeback.after_s == 2 * SOONEST_S
    now_s = noted(comeback, served=10, turned_away=50, windows=9, since_s=now_s)
    assert comeback.after_s == LATEST_S
    now_s = noted(comeback, served=50, turned_away=20, windows=9, since_s=now_s)
    assert comeback.after_s == LATEST_S  # still too many
    noted(comeback, served=50, turned_away=1, windows=9, since_s=now_s)
    assert comeback.after_s == SOONEST_S


def test_who_is_turned_away_for_a_moment_is_put_off_no_longer() -> None:
    comeback = ComeBack()
    for number in range(100):
        comeback.note(is_served=False, now_s=number * WINDOW_S / 100)
    assert comeback.after_s == SOONEST_S


@given(notes=st.lists(st.tuples(st.booleans(), st.floats(0, 3))))
def test_the_time_stays_within_its_bounds(notes: list[tuple[bool, float]]) -> None:
    comeback, now_s = ComeBack(), 0.0
    for is_served, after_s in notes:
        now_s += after_s
        comeback.note(is_served=is_served, now_s=now_s)
        assert SOONEST_S <= comeback.after_s <= LATEST_S


def test_a_crowd_of_thousands_becomes_one_that_can_be_turned_away() -> None:
    """5,000 come again after what they are told and half as long again; 20 a second are served."""
    comeback, rate, now_s = ComeBack(), 5_000 / (1.5 * SOONEST_S), 0.0
    for second in range(60):
        for number in range(int(rate)):
            comeback.note(is_served=number < 20, now_s=now_s + second)
        rate = 5_000 / (1.5 * comeback.after_s)
    assert rate < 100


def test_who_drowns_lets_nobody_else_wait_longer() -> None:
    comebacks = ComeBacks()
    for number in range(200):
        drowning_s = comebacks.note(1, is_served=False, now_s=number * WINDOW_S / 10)
        other_s = comebacks.note(2, is_served=number != 198, now_s=number * WINDOW_S / 10)
    assert (drowning_s, other_s) == (LATEST_S, SOONEST_S)


def test_many_owners_with_little_each_are_a_crowd_too() -> None:
    comebacks, now_s = ComeBacks(), 0.0
    for window in range(12):
        now_s = window * WINDOW_S
        for owner in range(100):
            comebacks.note(window * 100 + owner, is_served=owner < 20, now_s=now_s)
    assert comebacks.note(5_000, is_served=False, now_s=now_s + 0.1) == LATEST_S
    for _ in range(12):
        now_s += WINDOW_S
        for owner in range(100):
            comebacks.note(owner, is_served=True, now_s=now_s)
    assert comebacks.note(5_001, is_served=False, now_s=now_s + 0.1) == SOONEST_S


def test_of_so_many_owners_the_one_seen_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.edge.comeback.MOST_KEPT", 2)
    comebacks = ComeBacks()
    for number in range(200):
        comebacks.note(1, is_served=False, now_s=number * WINDOW_S / 10)
        comebacks.note(2, is_served=False, now_s=number * WINDOW_S / 10)
    assert comebacks.note(3, is_served=True, now_s=100.0) == SOONEST_S
    assert comebacks.note(2, is_served=False, now_s=100.0) == LATEST_S
    assert comebacks.note(1, is_served=False, now_s=100.0) == SOONEST_S
