"""The bench of the gate says what it promises to say, and no number comes twice over its kill."""

from __future__ import annotations

from bubuh.bench.gate import measure_gate


def test_joins_survive_a_kill_in_their_middle() -> None:
    report = measure_gate(joins=1_500, polls=300, nginx_seconds=1)
    assert sum(phase["calls"] for phase in report["joins"]) == 1_500
    assert report["twice"] == report["out_of_order"] == 0
    assert 0 <= report["skipped_by_the_kill"] <= 4_096
    assert report["now_json"]["calls"] == report["page"]["calls"] == 300
    assert report["memory_mb"] > 1
    assert report["pass_check_us"] > 0
