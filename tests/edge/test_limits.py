from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from bubuh.edge.limits import Limiter, Rate, address_group

RATE = Rate(name="test", quota=10, window_s=5)


@dataclass
class Hand:
    """A clock that moves when told."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_whole_quota_passes_at_once_and_no_more() -> None:
    limiter = Limiter(Hand())
    assert [limiter.take(RATE, "a").allowed for _ in range(12)] == [True] * 10 + [False] * 2


def test_it_refills_evenly() -> None:
    hand = Hand()
    limiter = Limiter(hand)
    for _ in range(10):
        limiter.take(RATE, "a")
    refused = limiter.take(RATE, "a")
    assert refused.retry_after_s == pytest.approx(0.5)
    hand.now_s += refused.retry_after_s
    assert limiter.take(RATE, "a").allowed
    assert not limiter.take(RATE, "a").allowed


def test_owners_and_rates_do_not_touch_each_other() -> None:
    limiter = Limiter(Hand())
    other = Rate(name="other", quota=1, window_s=1)
    for _ in range(10):
        limiter.take(RATE, "a")
    assert limiter.take(RATE, "b").allowed
    assert limiter.take(other, "a").allowed


def test_looking_counts_nothing() -> None:
    limiter = Limiter(Hand())
    for _ in range(50):
        assert limiter.look(RATE, "a").remaining == 10
    assert limiter.take(RATE, "a").remaining == 9


def test_headers_tell_policy_and_what_is_left() -> None:
    limiter = Limiter(Hand())
    limiter.take(RATE, "a")
    assert limiter.take(RATE, "a").headers() == {
        "ratelimit-policy": '"test";q=10;w=5',
        "ratelimit": '"test";r=8;t=1',
    }


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=3), max_size=200),
    quota=st.integers(1, 20),
    window_s=st.floats(0.5, 30),
)
def test_no_window_ever_admits_more_than_quota_and_refill(
    gaps: list[float], quota: int, window_s: float
) -> None:
    hand, rate = Hand(0.0), Rate(name="r", quota=quota, window_s=window_s)
    limiter = Limiter(hand)
    passed: list[float] = []
    for gap in gaps:
        hand.now_s += gap
        if limiter.take(rate, "a").allowed:
            passed.append(hand.now_s)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= quota + (passed[last] - start) / rate.interval_s + 1e-6


def test_memory_forgets_whom_it_owes_nothing() -> None:
    hand = Hand()
    limiter = Limiter(hand)
    for owner in range(30_000):
        hand.now_s += 0.01
        limiter.take(RATE, str(owner))
    assert len(limiter._whole_at) <= 10_001


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("local", "local"),
    ],
)
def test_an_ipv6_customer_is_one_owner(address: str, group: str) -> None:
    assert address_group(address) == group
