"""Each thing that can be wrong makes of a function what it should, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from bubuh.core.clock import utc_now
from bubuh.outages.model import Function
from bubuh.status.judge import judge, worst
from bubuh.status.model import (
    BACKLOG_S,
    ENOUGH_ASKED,
    SLOW_S,
    SLOW_STAMP_S,
    STALE_S,
    STANDSTILL_S,
    Books,
    Health,
    Measured,
    Queue,
    Reason,
    State,
    Traffic,
)

OTHERS = (Function.BUY, Function.PAY, Function.STAMP, Function.VERIFY)
WELL: dict[str, Any] = {
    "web": "ok",
    "has_gate": True,
    "queue": Queue(is_open=True, age_s=1.0, waiting=40, wait_s=90.0),
    "is_worker_alive": True,
    "is_signer_alive": True,
    "gateways": {"one": False, "other": False},
    "books": Books(waiting_s=1.0, unmatched=0, whole_days=9),
}


def judged(*declared: Function, **changed: Any) -> dict[Function, Health]:
    return judge(Measured(at=utc_now(), **{**WELL, **changed}), shown=tuple(Function), declared=declared)


def waiting(seconds: float) -> Books:
    return Books(waiting_s=seconds, unmatched=0, whole_days=9)


def test_all_is_well() -> None:
    assert set(judged().values()) == {Health(state=State.OK)}
    assert worst(judged()) is State.OK


@pytest.mark.parametrize(
    ("changed", "function", "state", "reason"),
    [
        ({"is_worker_alive": False}, Function.STAMP, State.FAILING, Reason.WORKER),
        ({"is_worker_alive": False}, Function.PAY, State.SLOW, Reason.WORKER),
        ({"is_signer_alive": False}, Function.STAMP, State.FAILING, Reason.SIGNER),
        ({"web": "signer_unavailable"}, Function.STAMP, State.FAILING, Reason.SIGNER),
        ({"books": None}, Function.STAMP, State.UNKNOWN, Reason.NOT_MEASURED),
        ({"books": waiting(BACKLOG_S + 1)}, Function.STAMP, State.SLOW, Reason.BACKLOG),
        ({"books": waiting(STANDSTILL_S + 1)}, Function.STAMP, State.FAILING, Reason.BACKLOG),
        ({"stamp_p99_s": SLOW_STAMP_S + 1}, Function.STAMP, State.SLOW, Reason.SLOW),
        ({"gateways": {"one": True, "other": False}}, Function.PAY, State.FAILING, Reason.GATEWAY),
        ({"queue": None}, Function.QUEUE, State.DOWN, Reason.GATE),
        (
            {"queue": Queue(is_open=True, age_s=STALE_S + 1, waiting=0, wait_s=None)},
            Function.QUEUE,
            State.FAILING,
            Reason.GATE,
        ),
        ({"level": 2}, Function.BUY, State.SLOW, Reason.BROWNOUT),
        ({"level": 3}, Function.BUY, State.FAILING, Reason.BROWNOUT),
        ({"gateways": {"one": True}}, Function.PAY, State.DOWN, Reason.GATEWAY),
        (
            {"traffic": {Function.BUY: Traffic(asked=100, failed=5)}},
            Function.BUY,
            State.FAILING,
            Reason.ERRORS,
        ),
        (
            {"traffic": {Function.BUY: Traffic(asked=100, failed=50)}},
            Function.BUY,
            State.DOWN,
            Reason.ERRORS,
        ),
        (
            {"traffic": {Function.VERIFY: Traffic(asked=100, p99_s=SLOW_S + 1)}},
            Function.VERIFY,
            State.SLOW,
            Reason.SLOW,
        ),
    ],
)
def test_what_is_wrong_tells_of_its_function_alone(
    changed: dict[str, Any], function: Function, state: State, reason: Reason
) -> None:
    healths = judged(**changed)
    assert healths[function] == Health(state=state, reason=reason)
    others = {name for name, health in healths.items() if health.state is not State.OK} - {function}
    assert others <= ({Function.PAY, Function.STAMP} if "is_worker_alive" in changed else set())


@pytest.mark.parametrize(
    ("web", "reason"), [(None, Reason.NO_ANSWER), ("database_unavailable", Reason.DATABASE)]
)
def test_without_site_or_database_nothing_works_but_the_queue(web: str | None, reason: Reason) -> None:
    found = judged(web=web)
    assert {found[function] for function in OTHERS} == {Health(state=State.DOWN, reason=reason)}
    assert found[Function.QUEUE].state is State.OK


def test_few_who_ask_say_nothing_of_a_share() -> None:
    few = Traffic(asked=ENOUGH_ASKED - 1, failed=ENOUGH_ASKED - 1, p99_s=SLOW_S * 9)
    assert judged(traffic={Function.BUY: few})[Function.BUY].state is State.OK


def test_what_an_operator_declares_fails_at_least() -> None:
    assert judged(Function.VERIFY)[Function.VERIFY] == Health(state=State.FAILING, reason=Reason.DECLARED)
    assert judged(Function.VERIFY, web=None)[Function.VERIFY].state is State.DOWN
    assert worst(judged(Function.VERIFY)) is State.FAILING


def test_with_files_alone_only_the_queue_goes_on() -> None:
    found = judged(level=4)
    assert {function for function, health in found.items() if health.reason is Reason.BROWNOUT} == {
        *Function
    } - {Function.QUEUE}
