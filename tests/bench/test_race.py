from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import count

from hypothesis import given, strategies as st

from bubuh.bench.race import Spread, race
from bubuh.bench.stamp import fresh_intents
from bubuh.pdf.model import Intent

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def test_every_act_has_its_turn_in_every_round() -> None:
    turns: list[str] = []

    def act(name: str, work: int) -> object:
        def run(_intent: Intent) -> None:
            if not turns or turns[-1] != name:
                turns.append(name)
            sum(range(work))

        return run

    intents = fresh_intents(NOW)
    acts = {name: act(name, work) for name, work in (("slow", 2_000_000), ("slower", 3_000_000))}
    spreads, outcome = race(acts, lambda _lane: intents, seconds=0.01, least_rounds=3)  # type: ignore[arg-type]
    assert outcome.rounds == 3
    assert turns == ["slow", "slower"] * (1 + outcome.rounds), "one try, then the rounds"
    assert set(spreads) == set(acts)


def test_no_intent_is_used_twice() -> None:
    used: Counter[str] = Counter()

    def act(intent: Intent) -> None:
        used[intent.serial_no] += 1
        sum(range(20_000))

    intents = fresh_intents(NOW)
    race({"one": act, "other": act}, lambda _lane: intents, seconds=0.01, least_rounds=3)
    assert set(used.values()) == {1}


def test_the_share_done_only_grows_and_ends_at_one() -> None:
    shares: list[float] = []
    race(
        {"one": lambda _number: sum(range(20_000))},
        lambda _lane: count(),
        seconds=0.2,
        least_rounds=3,
        told=shares.append,
    )
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1


@given(st.lists(st.floats(min_value=0.001, max_value=1e4), min_size=1, max_size=40))
def test_a_spread_lies_within_its_samples(samples: list[float]) -> None:
    spread = Spread.of(samples)
    slack = 1e-9 * max(samples)
    assert min(samples) - slack <= spread.low <= spread.median + slack
    assert spread.median <= spread.high + slack <= max(samples) + 2 * slack
