"""A gateway, called no more often than it lets us, and spared while it fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, NoReturn, TypeVar

import structlog
from prometheus_client import Counter, Gauge

from bubuh.core.deadline import when_slow
from bubuh.payments.breaker import Breaker
from bubuh.payments.model import Charge, GatewayRefund, Method, Notice, Pace, WantedCharge, WantedRefund
from bubuh.payments.pace import Turns
from bubuh.payments.ports import BankDesk, Gateway, Gateways
from bubuh.payments.refusals import (
    GatewayBusy,
    GatewayRefused,
    GatewayResting,
    GatewayUnavailable,
    MethodUnknown,
)

_log = structlog.get_logger(__name__)
_CALLS = Counter("bubuh_gateway_calls", "Calls of gateways, by how they ended", ["gateway", "how"])
_RESTING = Gauge("bubuh_gateway_resting", "1 while a gateway fails and is spared", ["gateway"])

LONGEST_WAIT_S: Final = (
    2.0  #: for a turn, and for one of the calls that may be on their way; no buyer waits longer
)
SLOW_S: Final = 0.25  #: from then on whoever waits for a gateway holds no place that others could work in
USUAL_S: Final = 1.0  #: a call that takes no longer, with the wait for its turn, is as it should be
_MEMORY: Final = 0.1  # what a call counts for beside those before it

Answer = TypeVar("Answer")


class Steady:
    """See `payments.ports.Gateway`. Where it may not be called, raises at once: `GatewayUnavailable`."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        methods: frozenset[Method] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`methods` are those it is used for, None: all it can. `clock` is this process's, nobody sets it."""
        self._gateway = gateway
        self._methods = gateway.methods if methods is None else methods
        self._turns = Turns(gateway.pace, clock)
        self._breaker = Breaker(clock)
        self._gate = asyncio.Semaphore(gateway.pace.at_once)
        self._clock = clock
        self._took_s = 0.0  # a call, lately
        _RESTING.labels(gateway.name).set(0)

    @property
    def name(self) -> str:
        """See `Gateway.name`."""
        return self._gateway.name

    @property
    def methods(self) -> frozenset[Method]:
        """See `Gateway.methods`."""
        return self._methods

    @property
    def pace(self) -> Pace:
        """See `Gateway.pace`."""
        return self._gateway.pace

    @property
    def desk(self) -> BankDesk | None:
        """See `Gateway.desk`: no call of ours, so it is open while the gateway is spared."""
        return self._gateway.desk

    @property
    def is_resting(self) -> bool:
        """Whether it failed so often that it is spared."""
        return self._breaker.is_resting

    @property
    def able(self) -> float:
        """The part of its usual work that it does: nought while it rests, the less the longer calls take."""
        return 0.0 if self._breaker.is_resting else min(1.0, USUAL_S / max(self._took_s, USUAL_S))

    async def wake(self) -> None:
        """See whether a resting gateway is well again, when it has rested long enough."""
        if self._breaker.is_resting and not self._breaker.is_spared:
            try:
                await self.health()
            except GatewayUnavailable as fault:
                _log.info("gateway_rests_on", gateway=self.name, code=fault.code)

    async def create(self, wanted: WantedCharge) -> Charge:
        """See `Gateway.create`."""
        return await self._call(lambda: self._gateway.create(wanted))

    async def status(self, reference: str, method: Method = Method.QRIS, /) -> Charge | None:
        """See `Gateway.status`."""
        return await self._call(lambda: self._gateway.status(reference, method))

    async def cancel(self, reference: str, method: Method = Method.QRIS, /) -> Charge | None:
        """See `Gateway.cancel`."""
        return await self._call(lambda: self._gateway.cancel(reference, method))

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """See `Gateway.refund`."""
        return await self._call(lambda: self._gateway.refund(wanted))

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """See `Gateway.refund_status`."""
        return await self._call(lambda: self._gateway.refund_status(wanted))

    async def health(self) -> None:
        """See `Gateway.health`."""
        await self._call(self._gateway.health)

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """See `Gateway.verify_notice`: no call, so that notices are read while a gateway is spared."""
        return self._gateway.verify_notice(raw, headers, received_at=received_at)

    async def _call(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        if self._breaker.is_spared:
            self._refuse("spared", GatewayResting)
        begun_s = self._clock()
        slow = asyncio.get_running_loop().call_later(SLOW_S, when_slow.get())
        try:
            await self._enter()
            try:
                if not self._breaker.may_call():
                    self._refuse("spared", GatewayResting)
                return await self._watched(call, begun_s)
            finally:
                self._gate.release()
        finally:
            slow.cancel()

    async def _enter(self) -> None:
        """Wait until a call may begin; raises `GatewayBusy` when that takes too long."""
        if not await self._turns.wait(longest_s=LONGEST_WAIT_S):
            self._note(LONGEST_WAIT_S)  # as if one had waited
            self._refuse("busy", GatewayBusy)
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._gate.acquire()
        except TimeoutError:
            self._note(LONGEST_WAIT_S)
            self._refuse("busy", GatewayBusy)

    async def _watched(self, call: Callable[[], Awaitable[Answer]], begun_s: float) -> Answer:
        """The call's answer, how it ended told to the breaker, and what it took noted."""
        try:
            answer = await call()
        except GatewayRefused:
            self._tell("refused", self._breaker.well)  # it answers, if only to say no
            raise
        except GatewayUnavailable:
            self._tell("failed", self._breaker.failed)
            raise
        except BaseException:
            self._tell("given_up", self._breaker.given_up)
            raise
        finally:
            self._note(self._clock() - begun_s)
        self._tell("answered", self._breaker.well)
        return answer

    def _note(self, took_s: float) -> None:
        self._took_s += (took_s - self._took_s) * _MEMORY

    def _refuse(self, how: str, fault: type[GatewayUnavailable]) -> NoReturn:
        _CALLS.labels(self.name, how).inc()
        raise fault(self.name)

    def _tell(self, how: str, tell: Callable[[], None]) -> None:
        """Count a call, and let the breaker know."""
        rested = self._breaker.is_resting
        tell()
        _CALLS.labels(self.name, how).inc()
        if self._breaker.is_resting != rested:
            self._took_s = 0.0  # what it did before says nothing of now
            _RESTING.labels(self.name).set(int(not rested))
            _log.warning("gateway_is_well" if rested else "gateway_rests", gateway=self.name)


def resting(gateways: Gateways) -> list[str]:
    """The names of those that are spared now."""
    return [name for name, gateway in gateways.items() if isinstance(gateway, Steady) and gateway.is_resting]


def paying(gateways: Gateways) -> float:
    """The part of what is ordered that can be paid for now: each way to pay by the best that takes it."""
    best: dict[Method, float] = {}
    for gateway in gateways.values():
        able = gateway.able if isinstance(gateway, Steady) else 1.0
        for method in gateway.methods:
            best[method] = max(able, best.get(method, 0.0))
    return sum(best.values()) / len(best) if best else 1.0


def silent(gateways: Gateways) -> frozenset[Method]:
    """The ways to pay that no gateway takes now, as far as this process knows: all that offer them rest."""
    offered = {method for gateway in gateways.values() for method in gateway.methods}
    tired = resting(gateways)
    heard = {method for name, gateway in gateways.items() if name not in tired for method in gateway.methods}
    return frozenset(offered - heard)


async def wake(gateways: Gateways) -> None:
    """See which of the resting are well again."""
    await asyncio.gather(*(gateway.wake() for gateway in gateways.values() if isinstance(gateway, Steady)))


def choose_gateway(gateways: Gateways, method: Method) -> Gateway:
    """The first gateway by which a buyer can pay so, those that rest last; raises `MethodUnknown`."""
    offering = [gateway for gateway in gateways.values() if method in gateway.methods]
    if not offering:
        raise MethodUnknown(method=str(method))
    tired = resting(gateways)
    return min(offering, key=lambda gateway: gateway.name in tired)
