"""Gateways at their own pace, and spared while they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, strategies as st

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.core.deadline import when_slow
from bubuh.orders.collect import run_asking_pass
from bubuh.payments.breaker import FAILS, FIRST_REST_S, LONGEST_REST_S, Breaker
from bubuh.payments.model import AttemptState, Charge, Method, Pace, reference_of
from bubuh.payments.pace import Turns
from bubuh.payments.ports import Gateways
from bubuh.payments.refusals import (
    GatewayBusy,
    GatewayRefused,
    GatewayResting,
    GatewayUnavailable,
    MethodUnknown,
)
from bubuh.payments.steady import (
    LONGEST_WAIT_S,
    SLOW_S,
    USUAL_S,
    Steady,
    choose_gateway,
    paying,
    resting,
    silent,
    wake,
)
from tests.gateway_dev.rig import SECRET, Shop


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(
    per_s=st.floats(0.5, 1_000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 5), min_size=1, max_size=100),
)
def test_no_window_holds_more_turns_than_the_pace_allows(per_s: float, burst: int, gaps: list[float]) -> None:
    clock = Clock()
    turns = Turns(Pace(per_s=per_s, burst=burst), clock)
    at: list[float] = []
    for gap in gaps:
        clock.now += gap
        wait_s = turns.take(longest_s=1e9)
        assert wait_s is not None
        at.append(clock.now + wait_s)
    for first in range(len(at)):
        for last in range(first, len(at)):
            allowed = burst + (at[last] - at[first]) * per_s
            assert last - first + 1 <= allowed + 1e-6 * per_s + 1e-3


def test_a_turn_that_is_too_far_is_not_taken() -> None:
    clock = Clock()
    turns = Turns(Pace(per_s=1.0, burst=2), clock)
    assert [turns.take(longest_s=0.5) for _ in range(3)] == [0.0, 0.0, None]
    clock.now += 1.0
    assert [turns.take(longest_s=0.5) for _ in range(2)] == [0.0, None]


def test_it_rests_after_failures_in_a_row_and_longer_each_time() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):  # an answer in between begins anew
        for _ in range(FAILS - 1):
            assert breaker.may_call()
            breaker.failed()
        breaker.well()
    for _ in range(FAILS):
        breaker.failed()
    rest_s = FIRST_REST_S
    for _ in range(8):
        clock.now += rest_s * 0.99
        assert not breaker.may_call()
        clock.now += rest_s * 0.02
        assert breaker.may_call()
        assert not breaker.may_call()  # one tries, the others are spared
        breaker.failed()
        rest_s = min(LONGEST_REST_S, rest_s * 2)
    clock.now += LONGEST_REST_S
    assert breaker.may_call()
    breaker.given_up()
    assert breaker.may_call()
    breaker.well()
    assert not breaker.is_resting


class Scripted(DevelopmentGateway):
    """Answers as the test says, without a network."""

    def __init__(self, answer: Callable[[], Awaitable[None]], *, pace: Pace | None = None) -> None:
        super().__init__("http://127.0.0.1:9", [SECRET])
        self._answer = answer
        self.calls = 0
        if pace is not None:
            self.pace = pace  # type: ignore[misc]

    async def status(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        self.calls += 1
        await self._answer()
        return Charge(reference=reference, state=AttemptState.OPEN)

    async def health(self) -> None:
        await self.status("health")


async def fail() -> None:
    raise GatewayUnavailable("500")


async def refuse() -> None:
    raise GatewayRefused("403")


async def test_a_failing_gateway_is_spared_and_found_well_again() -> None:
    clock = Clock()
    gateway = Scripted(fail)
    steady = Steady(gateway, clock=clock)
    for _ in range(FAILS):
        with pytest.raises(GatewayUnavailable):
            await steady.status("x")
    for _ in range(10):
        with pytest.raises(GatewayResting):
            await steady.status("x")
    assert gateway.calls == FAILS
    assert resting({"development": steady}) == ["development"]
    clock.now += FIRST_REST_S
    await wake({"development": steady})
    assert steady.is_resting
    assert gateway.calls == FAILS + 1
    gateway._answer = _well
    clock.now += FIRST_REST_S * 2
    await wake({"development": steady})
    assert resting({"development": steady}) == []
    assert await steady.status("x") is not None


async def _well() -> None:
    return None


async def test_a_gateway_that_says_no_is_well() -> None:
    steady = Steady(Scripted(refuse))
    for _ in range(FAILS * 2):
        with pytest.raises(GatewayRefused):
            await steady.status("x")
    assert not steady.is_resting


async def test_who_would_wait_too_long_is_told_so_and_it_harms_nobody() -> None:
    steady = Steady(Scripted(_well, pace=Pace(per_s=0.1, burst=2)))
    for _ in range(2):
        await steady.status("x")
    for _ in range(FAILS * 2):
        with pytest.raises(GatewayBusy):
            await steady.status("x")
    assert not steady.is_resting
    assert LONGEST_WAIT_S < 10


async def test_no_more_calls_at_once_than_it_takes() -> None:
    running, most = 0, 0

    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    steady = Steady(Scripted(count, pace=Pace(per_s=1e6, burst=1_000, at_once=3)))
    await asyncio.gather(*(steady.status("x") for _ in range(20)))
    assert most == 3


async def test_who_finds_no_place_at_a_slow_gateway_is_told_so_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bubuh.payments.steady.LONGEST_WAIT_S", 0.05)
    is_over = asyncio.Event()

    async def wait() -> None:
        await is_over.wait()

    steady = Steady(Scripted(wait, pace=Pace(per_s=1e6, burst=1_000, at_once=2)))
    calls = [asyncio.create_task(steady.status("x")) for _ in range(6)]
    done, waiting = await asyncio.wait(calls, timeout=1.0)
    assert len(waiting) == 2
    assert {type(call.exception()) for call in done} == {GatewayBusy}
    is_over.set()
    assert all(await asyncio.gather(*waiting))
    assert await steady.status("x") is not None
    assert not steady.is_resting


@pytest.mark.parametrize(("takes_s", "aside"), [(0.0, 0), (SLOW_S * 2, 1)])
async def test_whoever_waits_for_a_slow_gateway_makes_room_for_others(takes_s: float, aside: int) -> None:
    stepped = 0

    def step_aside() -> None:
        nonlocal stepped
        stepped += 1

    async def take_time() -> None:
        await asyncio.sleep(takes_s)

    when_slow.set(step_aside)
    await Steady(Scripted(take_time)).status("x")
    assert stepped == aside


async def test_what_can_be_paid_for_is_told_by_the_best_gateway_of_each_way() -> None:
    clock = Clock()

    async def slow() -> None:
        clock.now += 4 * USUAL_S

    dead, late, well = (Steady(Scripted(one), clock=clock) for one in (fail, slow, _well))
    both = [Method.QRIS, Method.VA]
    only_va = Steady(Scripted(_well), methods=frozenset({Method.VA}), clock=clock)
    assert set(dead.methods) == set(both)
    assert paying({}) == paying({"a": dead}) == 1.0, "nobody knows yet"
    for _ in range(FAILS):
        with pytest.raises(GatewayUnavailable):
            await dead.status("x")
    assert paying({"a": dead}) == 0.0
    assert paying({"a": dead, "b": only_va}) == 0.5
    assert paying({"a": dead, "b": well}) == 1.0
    for _ in range(60):
        await late.status("x")
    assert paying({"a": dead, "b": late}) == pytest.approx(0.25, abs=0.01)
    late._gateway._answer = _well  # type: ignore[attr-defined]
    for _ in range(60):
        await late.status("x")
    assert late.able == 1.0


async def test_whoever_has_to_wait_for_turns_slows_down_those_who_come() -> None:
    steady = Steady(Scripted(_well, pace=Pace(per_s=0.1, burst=1)))
    await steady.status("x")
    for _ in range(40):
        with pytest.raises(GatewayBusy):
            await steady.status("x")
    assert steady.able == pytest.approx(USUAL_S / LONGEST_WAIT_S, abs=0.05)


async def test_the_well_one_is_chosen_first() -> None:
    tired, fresh = Steady(Scripted(fail)), Scripted(_well)
    fresh.name = "fresh"  # type: ignore[misc]
    gateways: Gateways = {"development": tired, "fresh": fresh}
    assert choose_gateway(gateways, Method.QRIS) is tired
    for _ in range(FAILS):
        with pytest.raises(GatewayUnavailable):
            await tired.status("x")
    assert choose_gateway(gateways, Method.QRIS) is fresh
    with pytest.raises(MethodUnknown):
        choose_gateway({}, Method.QRIS)


async def test_what_is_due_at_a_resting_gateway_stays_due_and_is_asked_when_it_is_well(shop: Shop) -> None:
    """An outage puts nothing off: what came due meanwhile is credited as soon as the gateway is back."""
    clock = Clock()
    steady = Steady(shop.gateway, clock=clock)
    orders = [(await shop.place(1)).shown.order.id for _ in range(FAILS + 3)]
    for order_id in orders:
        await shop.running.pay(reference_of(order_id))
    await shop.running.script(lose=1, fail=1)
    for order_id in orders[:FAILS]:
        with pytest.raises(GatewayUnavailable):
            await steady.status(reference_of(order_id))
    await shop.db.execute("UPDATE payment_attempts SET next_ask_at = now()")
    assert (await run_asking_pass(shop.db, {"development": steady})).asked == 0
    faults = await shop.db.fetchval("SELECT count(fault) FROM payment_attempts")
    assert faults == 0  # who was not called has done nothing wrong, and nothing is written for it
    await shop.running.script(lose=1)
    clock.now += LONGEST_REST_S
    assert (await run_asking_pass(shop.db, {"development": steady})).answered == len(orders)
    assert await shop.free() == len(orders)


async def test_a_way_to_pay_is_silent_when_all_who_take_it_rest() -> None:
    dead, well = Steady(Scripted(fail)), Steady(Scripted(_well))
    only_va = Steady(Scripted(_well), methods=frozenset({Method.VA}))
    assert silent({}) == silent({"a": dead}) == frozenset(), "nobody knows yet"
    for _ in range(FAILS):
        with pytest.raises(GatewayUnavailable):
            await dead.status("x")
    assert silent({"a": dead}) == {Method.QRIS, Method.VA}
    assert silent({"a": dead, "b": only_va}) == {Method.QRIS}
    assert silent({"a": dead, "b": well}) == frozenset()
