from __future__ import annotations

import pytest

from bubuh.drill import simulate as drill
from bubuh.drill.simulate import DEADLINE, FLOOR, RETAIL, Crowd, simulate
from bubuh.drill.simulate_page import page_of


def check(crowd: Crowd) -> None:
    report = simulate(crowd, seed=3)
    shares = report["of_feasible"]
    assert shares["ours"] > shares["halves"] > 0
    assert shares["ours"] > shares["fifo"]
    assert shares["ours"] >= 0.95
    assert report["retail_leanest_share"] >= FLOOR, "in whichever half hour"
    assert report["reached"]
    assert report["ours"]["eta_error_p50"] < 0.15
    assert report["ours"]["eta_kept"] >= 0.9, "who was told a range was called within it"
    ours = report["ours"]
    assert sum(ours[str(lane)]["served"] for lane in (RETAIL, DEADLINE)) <= report["people"]
    in_time, feasible = ours[str(DEADLINE)]["eligible_in_time"], report["eligible_feasible"]
    assert report["eligible_of_feasible"] == pytest.approx(in_time / feasible, abs=1e-4)
    assert report["eligible_of_feasible"] > 0.9, "whoever is eligible loses nothing more than all others"
    assert report["eligible_feasible_alone"] >= feasible, (
        "without those who declare falsely more were feasible"
    )
    page = page_of(report)
    assert page.count("<svg") == 4
    assert f"{shares['ours']:.1%}" in page


@pytest.mark.long
@pytest.mark.parametrize("false", [0.0, 0.8])
def test_the_deadline_lane_gets_more_than_by_any_other_rule_and_retail_its_floor(false: float) -> None:
    check(Crowd(people=400_000, false=false))


def test_the_same_seed_gives_the_same_crowd() -> None:
    first, again = (drill.arrivals(Crowd(people=20_000), 7) for _ in range(2))
    assert first == again
    assert 19_000 < sum(map(sum, first.values())) < 21_000
    assert drill.arrivals(Crowd(people=20_000), 8) != first
