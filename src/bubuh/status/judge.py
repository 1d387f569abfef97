"""From measures to words: how each function is. Pure; the worst that is true of it counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from typing import Final

from bubuh.outages.model import Function
from bubuh.status.model import (
    BACKLOG_S,
    DOWN_SHARE,
    ENOUGH_ASKED,
    FAILING_SHARE,
    SLOW_S,
    SLOW_STAMP_S,
    STALE_S,
    STANDSTILL_S,
    WINDOW_S,
    Health,
    Measured,
    Partner,
    Reason,
    State,
    Traffic,
)

WELL: Final = Health(state=State.OK)


def judge(
    measured: Measured, *, shown: Collection[Function], declared: Collection[Function]
) -> dict[Function, Health]:
    """How each function of `shown` is; those that operators declared to fail are failing at least."""
    return {
        function: max(_true_of(function, measured, declared), key=lambda health: health.state)
        for function in shown
    }


def worst(healths: Mapping[Function, Health]) -> State:
    """Of all functions together."""
    return max((health.state for health in healths.values()), default=State.UNKNOWN)


def judge_calls(partner: Partner, measured: Measured) -> Health:
    """How a partner's calls fare. A slot that was another's within the window says nothing yet."""
    if measured.web is None:
        return Health(state=State.DOWN, reason=Reason.NO_ANSWER)
    if measured.calls is None or measured.at - partner.shown_at < timedelta(seconds=WINDOW_S):
        return Health(state=State.UNKNOWN, reason=Reason.NOT_MEASURED)
    traffic = measured.calls.get(partner.slot, Traffic())
    if traffic.asked < ENOUGH_ASKED:
        return Health(state=State.UNKNOWN, reason=Reason.FEW_CALLS)
    return max((WELL, *_of_traffic(traffic)), key=lambda health: health.state)


def _true_of(function: Function, measured: Measured, declared: Collection[Function]) -> Iterator[Health]:
    yield WELL
    if function in declared:
        yield Health(state=State.FAILING, reason=Reason.DECLARED)
    if function is not Function.QUEUE:  # it goes on while all others are gone
        yield from _of_web(measured)
    yield from _of_traffic(measured.traffic.get(function, Traffic()))
    yield from _of_level(function, measured.level)
    yield from _OWN.get(function, _nothing)(measured)


def _of_web(measured: Measured) -> Iterator[Health]:
    """Without site and database nothing works, whatever the numbers of the last minutes say."""
    if measured.web is None:
        yield Health(state=State.DOWN, reason=Reason.NO_ANSWER)
    elif measured.web not in {"ok", "signer_unavailable"}:
        yield Health(state=State.DOWN, reason=Reason.DATABASE)


def _of_traffic(traffic: Traffic) -> Iterator[Health]:
    if traffic.asked >= ENOUGH_ASKED:
        if traffic.failed_share >= DOWN_SHARE:
            yield Health(state=State.DOWN, reason=Reason.ERRORS)
        elif traffic.failed_share >= FAILING_SHARE:
            yield Health(state=State.FAILING, reason=Reason.ERRORS)
        if traffic.p99_s is not None and traffic.p99_s > SLOW_S:
            yield Health(state=State.SLOW, reason=Reason.SLOW)


def _of_level(function: Function, level: int) -> Iterator[Health]:
    """What the brownout ladder leaves off: buying queues, then rests, then all but files does."""
    if level >= 4 and function is not Function.QUEUE:
        yield Health(state=State.FAILING, reason=Reason.BROWNOUT)
    elif level >= 2 and function is Function.BUY:
        yield Health(state=State.SLOW if level == 2 else State.FAILING, reason=Reason.BROWNOUT)


def _of_stamping(measured: Measured) -> Iterator[Health]:
    """Accepted stamps wait for worker and signer; none is lost, so a dead one is failing, not down."""
    if not measured.is_worker_alive:
        yield Health(state=State.FAILING, reason=Reason.WORKER)
    if not measured.is_signer_alive or measured.web == "signer_unavailable":
        yield Health(state=State.FAILING, reason=Reason.SIGNER)
    if measured.books is None:
        yield Health(state=State.UNKNOWN, reason=Reason.NOT_MEASURED)
    elif measured.books.waiting_s > STANDSTILL_S:
        yield Health(state=State.FAILING, reason=Reason.BACKLOG)
    elif measured.books.waiting_s > BACKLOG_S:
        yield Health(state=State.SLOW, reason=Reason.BACKLOG)
    if measured.stamp_p99_s is not None and measured.stamp_p99_s > SLOW_STAMP_S:
        yield Health(state=State.SLOW, reason=Reason.SLOW)


def _of_paying(measured: Measured) -> Iterator[Health]:
    """A gateway that fails takes away one way to pay; only all of them stop paying."""
    if measured.gateways and all(measured.gateways.values()):
        yield Health(state=State.DOWN, reason=Reason.GATEWAY)
    elif any(measured.gateways.values()):
        yield Health(state=State.FAILING, reason=Reason.GATEWAY)
    if not measured.is_worker_alive:
        yield Health(state=State.SLOW, reason=Reason.WORKER)


def _of_queue(measured: Measured) -> Iterator[Health]:
    """Turns that were taken stay good whatever becomes of the gate; nobody is called without it."""
    if measured.queue is None:
        yield Health(state=State.DOWN, reason=Reason.GATE)
    elif measured.queue.age_s > STALE_S:
        yield Health(state=State.FAILING, reason=Reason.GATE)


def _nothing(_: Measured) -> Iterator[Health]:
    yield from ()


_OWN: Final[Mapping[Function, Callable[[Measured], Iterator[Health]]]] = {
    Function.STAMP: _of_stamping,
    Function.PAY: _of_paying,
    Function.QUEUE: _of_queue,
}
