"""The development gateway behind payments' `Gateway` port: plain JSON over HTTP, signed by HMAC-SHA256.

A message carries `Bubuh-Dev-Timestamp` (seconds since 1970) and `Bubuh-Dev-Signature`: the hexadecimal HMAC
of `timestamp.body` for a notice, of `timestamp.METHOD path.body` for a call of ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec

from bubuh.adapters.gateway_calls import TIMEOUT_S, GatewayCalls, read_json
from bubuh.core.clock import Clock, utc_now
from bubuh.payments.model import (
    AttemptState,
    Charge,
    GatewayRefund,
    Method,
    Notice,
    Pace,
    Payment,
    PaymentDetails,
    RefundWord,
    Reversal,
    WantedCharge,
    WantedRefund,
)
from bubuh.payments.qris import checked_qris
from bubuh.payments.refusals import (
    GatewayDeclined,
    GatewayMisspoke,
    GatewayRefused,
    NoticeForged,
)

NAME: Final = "development"
TIMESTAMP: Final = "bubuh-dev-timestamp"
SIGNATURE: Final = "bubuh-dev-signature"
TOLERANCE_S: Final = 300  #: between a notice's timestamp and the moment it came
_PACE: Final = Pace(per_s=500.0, burst=200, at_once=50)


_Number = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Amount = Annotated[int, msgspec.Meta(gt=0, le=10**15)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class _Payment(msgspec.Struct, frozen=True):
    payment_no: _Number
    amount: _Amount
    paid_at: _Moment
    currency: _Currency


class _Reversal(msgspec.Struct, frozen=True):
    reversal_no: _Number
    payment_no: _Number
    amount_idr: _Amount
    reversed_at: _Moment


class _Charge(msgspec.Struct, frozen=True):
    reference: str
    state: Literal["open", "closed", "paid"]
    currency: Literal["IDR"]
    amount_idr: int | None = None
    qris: str | None = None
    va: str | None = None
    pay_url: str | None = None
    payments: tuple[_Payment, ...] = ()
    reversals: tuple[_Reversal, ...] = ()

    def read(self) -> Charge:
        """In the port's words."""
        return Charge(
            reference=self.reference,
            state=AttemptState(self.state),
            details=PaymentDetails(qris=self._checked_qris(), va=self.va, pay_url=self.pay_url),
            payments=tuple(Payment(**msgspec.structs.asdict(one)) for one in self.payments),
            reversals=tuple(Reversal(**msgspec.structs.asdict(one)) for one in self.reversals),
        )

    def _checked_qris(self) -> str | None:
        if self.qris is None:
            return None
        if self.amount_idr is None:
            raise GatewayMisspoke("a code, and no amount it should ask for")
        return checked_qris(self.qris, amount_idr=self.amount_idr)


class _Refund(msgspec.Struct, frozen=True):
    refund_no: str
    state: RefundWord
    why: str | None = None


class _WantedRefund(msgspec.Struct, frozen=True):
    refund_no: str
    payment_no: str
    amount_idr: int


class _Notice(msgspec.Struct, frozen=True):
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern="^evt_")]
    charge: _Charge


class _Wanted(msgspec.Struct, frozen=True):
    reference: str
    amount_idr: int
    method: Method
    expires_at: datetime


class DevelopmentGateway:
    """See `payments.ports.Gateway`. `address` is asked each time: the gateway may come back elsewhere."""

    name: Final = NAME
    methods: Final = frozenset(Method)
    desk: Final = None
    pace: Final = _PACE

    def __init__(
        self,
        address: str | Callable[[], str],
        secrets: Sequence[bytes],
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> None:
        """`secrets` are the keys valid now: we sign with the first and believe any of them."""
        assert secrets, "a gateway has a key"
        self._calls = GatewayCalls(address, timeout_s=timeout_s)
        self._secrets = tuple(secrets)
        self._clock = clock

    async def close(self) -> None:
        """Let go of the connections."""
        await self._calls.close()

    async def create(self, wanted: WantedCharge) -> Charge:
        """See `Gateway.create`."""
        body = msgspec.json.encode(
            _Wanted(
                reference=wanted.reference,
                amount_idr=wanted.amount_idr,
                method=wanted.method,
                expires_at=wanted.expires_at,
            )
        )
        charge = await self._ask_charge("POST", "/charges", body, reference=wanted.reference)
        if charge is None:
            raise GatewayMisspoke("create: 404")
        return charge

    async def status(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.status`."""
        return await self._ask_charge("GET", _path(reference), reference=reference)

    async def cancel(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.cancel`."""
        return await self._ask_charge("POST", _path(reference) + "/cancel", reference=reference)

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """See `Gateway.refund`."""
        body = msgspec.json.encode(
            _WantedRefund(
                refund_no=wanted.refund_no, payment_no=wanted.payment_no, amount_idr=wanted.amount_idr
            )
        )
        try:
            refund = await self._ask_refund("POST", _path(wanted.reference) + "/refunds", body, wanted)
        except GatewayDeclined as refusal:
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.FAILED, why=str(refusal))
        if refund is None:
            raise GatewayMisspoke("refund: 404")
        return refund

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """See `Gateway.refund_status`."""
        path = f"{_path(wanted.reference)}/refunds/{quote(wanted.refund_no, safe='')}"
        return await self._ask_refund("GET", path, b"", wanted)

    async def health(self) -> None:
        """See `Gateway.health`."""
        await self._ask("GET", "/health", b"")

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """See `Gateway.verify_notice`."""
        timestamp = headers.get(TIMESTAMP, "")
        signature = headers.get(SIGNATURE, "").encode("utf-8", "replace")
        wanted = [_hmac(secret, timestamp.encode() + b"." + raw).encode() for secret in self._secrets]
        if not any([hmac.compare_digest(signature, one) for one in wanted]):  # noqa: C419 -- all, in equal time
            raise NoticeForged(gateway=NAME, why="signature")
        if not timestamp.isdecimal() or abs(int(timestamp) - received_at.timestamp()) > TOLERANCE_S:
            raise NoticeForged(gateway=NAME, why="timestamp")
        notice = read_json(raw, _Notice, "notice")
        return Notice(event_id=notice.event_id, charge=notice.charge.read())

    async def _ask_charge(
        self, method: str, path: str, body: bytes = b"", *, reference: str
    ) -> Charge | None:
        """A call answered by this reference's charge, or None for 404."""
        answer = await self._ask(method, path, body)
        if answer is None:
            return None
        charge = read_json(answer, _Charge, f"{method} {path}")
        if charge.reference != reference:
            raise GatewayMisspoke(f"{method} {path}: an answer about {charge.reference}")
        return charge.read()

    async def _ask_refund(
        self, method: str, path: str, body: bytes, wanted: WantedRefund
    ) -> GatewayRefund | None:
        """A call answered by this refund, or None for 404."""
        answer = await self._ask(method, path, body)
        if answer is None:
            return None
        refund = read_json(answer, _Refund, f"{method} {path}")
        if refund.refund_no != wanted.refund_no:
            raise GatewayMisspoke(f"{method} {path}: an answer about {refund.refund_no}")
        return GatewayRefund(refund_no=refund.refund_no, state=refund.state, why=refund.why)

    async def _ask(self, method: str, path: str, body: bytes) -> bytes | None:
        """One signed call's answer, or None for 404."""
        timestamp = str(int(self._clock().timestamp()))
        signature = _hmac(self._secrets[0], f"{timestamp}.{method} {path}.".encode() + body)
        headers = {TIMESTAMP: timestamp, SIGNATURE: signature, "content-type": "application/json"}
        status, answer = await self._calls.send(method, path, body=body, headers=headers)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status == HTTPStatus.CONFLICT:
            raise GatewayDeclined(f"{method} {path}: {status}")
        if status >= HTTPStatus.BAD_REQUEST:
            raise GatewayRefused(f"{method} {path}: {status}")
        return answer


def _path(reference: str) -> str:
    return f"/charges/{quote(reference, safe='')}"


def _hmac(secret: bytes, message: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
