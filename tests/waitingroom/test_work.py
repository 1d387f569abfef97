"""What a join costs: nothing while it is calm, more the more come, never more than was set; used once."""

from __future__ import annotations

import secrets
import statistics

import pytest
from hypothesis import given, strategies as st

from bubuh.waitingroom.waits import LEAST_WAIT_S, MOST_WAIT_S, Waits, left_s
from bubuh.waitingroom.work import (
    KEPT_S,
    LIFE_S,
    PARTS,
    SALT_BYTES,
    Toll,
    WorkNeeded,
    is_solved,
    limit_of,
    solve,
    work_at,
)
from tests.waitingroom.make import NOW_S, RING

CHALLENGE = bytes(range(12))
WORK = 64


@pytest.fixture
def toll() -> Toll:
    """Many join."""
    made = Toll()
    for second in range(30):
        for _ in range(100):
            made.count()
        made.tick(NOW_S + second, 1.0, calm_per_s=5, most=WORK)
    assert made.work == WORK
    made.ask(CHALLENGE, now_s=NOW_S)
    return made


@given(pace=st.floats(0, 1e6), calm=st.floats(0.01, 1e4), most=st.integers(0, 10**7))
def test_calm_is_free_and_the_most_is_the_most(pace: float, calm: float, most: int) -> None:
    work = work_at(pace, calm_per_s=calm, most=most)
    assert 0 <= work <= most
    if pace <= calm:
        assert work == 0
    if pace >= 10 * calm:
        assert work == most


def test_the_cost_follows_how_many_join(toll: Toll) -> None:
    for second in range(60):
        toll.tick(NOW_S + 30 + second, 1.0, calm_per_s=5, most=WORK)
    assert toll.work == 0


def test_a_solution_is_taken_once(toll: Toll) -> None:
    solution = solve(CHALLENGE, bytes(SALT_BYTES), WORK)
    toll.take(CHALLENGE, solution, now_s=NOW_S)
    with pytest.raises(WorkNeeded) as caught:
        toll.take(CHALLENGE, solution, now_s=NOW_S)
    assert caught.value.details == {"work": WORK}
    toll.take(CHALLENGE, solve(CHALLENGE, b"\1" * SALT_BYTES, WORK), now_s=NOW_S)


def test_what_is_no_solution_is_refused(toll: Toll) -> None:
    solution = solve(CHALLENGE, bytes(SALT_BYTES), WORK)
    late, other = NOW_S + LIFE_S + 1, b"\1" * 12
    wrong = bytearray(solution)
    while is_solved(CHALLENGE, bytes(wrong), WORK):
        wrong[-1] ^= secrets.randbelow(256)
    for challenge, given_, now_s in (
        (other, solve(other, bytes(SALT_BYTES), WORK), NOW_S),  # never asked
        (CHALLENGE, solution, late),
        (CHALLENGE, bytes(wrong), NOW_S),
        (CHALLENGE, solution[:-1], NOW_S),
        (CHALLENGE, b"", NOW_S),
    ):
        with pytest.raises(WorkNeeded):
            toll.take(challenge, given_, now_s=now_s)
    toll.tick(late, 1.0, calm_per_s=5, most=WORK)
    with pytest.raises(WorkNeeded):
        toll.take(CHALLENGE, solution, now_s=NOW_S)  # forgotten


def test_the_cost_is_about_what_is_asked_and_seldom_far_more() -> None:
    """Of 300 solutions the mean is within three deviations; hardly any takes three times the mean."""
    work = 400
    hashes = []
    for seed in range(300):
        solution = solve(CHALLENGE, seed.to_bytes(SALT_BYTES), work)
        numbers = [solution[SALT_BYTES + 4 * part :][:4] for part in range(PARTS)]
        hashes.append(sum(int.from_bytes(number) + 1 for number in numbers))
    assert abs(statistics.fmean(hashes) - work) < 3 * work / 2 / 300**0.5
    assert sum(count > 3 * work for count in hashes) <= 6
    assert limit_of(0) == 2**32


def test_what_was_used_is_remembered_longer_than_it_is_good(toll: Toll) -> None:
    toll.use_once(b"a wait")
    toll.tick(NOW_S + KEPT_S - 40, 1.0, calm_per_s=5, most=WORK)
    with pytest.raises(WorkNeeded):
        toll.use_once(b"a wait")
    for second in (1, 2, 3):
        toll.tick(NOW_S + second * (KEPT_S + 60), 1.0, calm_per_s=5, most=WORK)
    toll.use_once(b"a wait")


def test_who_has_no_scripts_waits_at_a_shared_pace(toll: Toll) -> None:
    waits = Waits()

    def wait() -> bytes:
        return waits.give(RING, toll, now_s=NOW_S, calm_per_s=10)

    times = [left_s(wait(), RING, toll, now_s=NOW_S) for _ in range(50)]
    assert times[0] in {LEAST_WAIT_S, LEAST_WAIT_S + 1, LEAST_WAIT_S + 2}
    assert times[-1] - times[0] == pytest.approx(49, abs=1)  # one a second: a tenth of the calm pace
    given_ = wait()
    assert left_s(given_, RING, toll, now_s=NOW_S + 100) == 0
    for forged in (b"", given_[:-1] + bytes([given_[-1] ^ 1]), bytes(len(given_))):
        with pytest.raises(WorkNeeded):
            left_s(forged, RING, toll, now_s=NOW_S)
    with pytest.raises(WorkNeeded):
        left_s(given_, RING, toll, now_s=NOW_S + MOST_WAIT_S)
    for _ in range(MOST_WAIT_S - LEAST_WAIT_S - 51):
        wait()
    with pytest.raises(WorkNeeded):
        [wait() for _ in range(3)]
