"""Midtrans behind payments' `Gateway` port: the Core API, by QRIS and by a bank's virtual account.

A notice's `signature_key` covers order_id, status_code and gross_amount, and nothing else. So nothing else
decides about money: a payment's number is its order_id, which Midtrans charges once, its amount is
gross_amount, and it counts only beside status_code 200.

Source: docs.midtrans.com, Core API: charge, status, expire, refund, HTTP notifications; read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote

import msgspec

from bubuh.adapters.gateway_calls import (
    TIMEOUT_S,
    WIB,
    GatewayCalls,
    jakarta_time,
    read_json,
    whole_units,
)
from bubuh.core.clock import Clock, utc_now
from bubuh.payments.model import (
    IDR,
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
from bubuh.payments.refusals import GatewayMisspoke, GatewayRefused, NoticeForged

PRODUCTION: Final = "https://api.midtrans.com"
_PACE: Final = Pace(per_s=20.0, burst=20, at_once=10)
_CREATED, _DONE, _CLOSED_CODES, _NOT_FOUND, _TAKEN, _NO_FUNDS = (
    "201",
    "200",
    {"202", "407"},
    "404",
    "406",
    "414",
)
_PAID: Final = frozenset(
    {"settlement", "capture", "refund", "partial_refund", "chargeback", "partial_chargeback"}
)
_CLOSED: Final = frozenset({"expire", "cancel", "deny", "failure"})
_BACK: Final = frozenset({"chargeback", "partial_chargeback"})


class _VaNumber(msgspec.Struct, frozen=True):
    bank: str
    va_number: str


class _Refund(msgspec.Struct, frozen=True):
    refund_key: str = ""
    refund_amount: str = "0"


class _Transaction(msgspec.Struct, frozen=True):
    """What charge, status and notices say; an error has a code and a message only."""

    status_code: Annotated[str, msgspec.Meta(pattern="^[0-9]{3}$")]
    status_message: str = ""
    order_id: str = ""
    transaction_id: str = ""
    gross_amount: str = "0"
    currency: str = IDR
    transaction_status: str = ""
    settlement_time: str | None = None
    transaction_time: str | None = None
    qr_string: str | None = None
    va_numbers: tuple[_VaNumber, ...] = ()
    permata_va_number: str | None = None
    refunds: tuple[_Refund, ...] = ()
    refund_amount: str | None = None
    signature_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MidtransProfile:
    """How one merchant is known to Midtrans."""

    name: str = "midtrans"
    server_keys: Sequence[str]  #: valid now; calls are made with the first
    bank: str = "bca"  #: whose virtual accounts are given out: bca, bni, bri, cimb, permata
    acquirer: str = "gopay"  #: of QRIS
    pace: Pace = _PACE


class Midtrans:
    """See `payments.ports.Gateway`."""

    methods: Final = frozenset(Method)
    desk: Final = None

    def __init__(
        self,
        profile: MidtransProfile,
        address: str | Callable[[], str] = PRODUCTION,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> None:
        assert profile.server_keys, "a gateway has a key"
        self.name = profile.name
        self.pace = profile.pace
        self._profile = profile
        self._clock = clock
        self._calls = GatewayCalls(address, timeout_s=timeout_s)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._calls.close()

    async def create(self, wanted: WantedCharge) -> Charge:
        """See `Gateway.create`. An order_id that is taken is asked about; then only its page has the code."""
        said = await self._ask("POST", "/v2/charge", self._wanted(wanted))
        if said.status_code == _TAKEN:
            before = await self._find(wanted.reference)
            if before is None or whole_units(before.gross_amount) != wanted.amount_idr:
                raise GatewayRefused(f"charge: {wanted.reference} is taken otherwise")
            return self._charge(before)
        if said.status_code != _CREATED or said.order_id != wanted.reference:
            raise GatewayRefused(f"charge: {said.status_code} {said.status_message}")
        charge = self._charge(said)
        if whole_units(said.gross_amount) != wanted.amount_idr:
            raise GatewayMisspoke(f"charge: {said.gross_amount} for {wanted.amount_idr}")
        return charge

    async def status(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.status`."""
        said = await self._find(reference)
        return None if said is None else self._charge(said)

    async def cancel(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.cancel`. What cannot be expired any more is told as it is."""
        said = await self._ask("POST", f"/v2/{quote(reference, safe='')}/expire")
        return None if said.status_code == _NOT_FOUND else await self.status(reference)

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """See `Gateway.refund`. Money that came by a virtual account cannot go back this way."""
        body = {
            "refund_key": wanted.refund_no,
            "amount": wanted.amount_idr,
            "reason": wanted.reason,
        }
        said = await self._ask("POST", f"/v2/{quote(wanted.reference, safe='')}/refund", body)
        if said.status_code == _NO_FUNDS:
            raise GatewayRefused(f"refund: {said.status_code} {said.status_message}")
        if said.status_code != _DONE:
            before = await self.refund_status(wanted)
            if before is not None:
                return before
            if said.status_code == _TAKEN:
                raise GatewayRefused("refund: the number is taken, and the transaction does not show it yet")
            why = f"{said.status_code} {said.status_message}"
            return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.FAILED, why=why)
        return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.DONE)

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """See `Gateway.refund_status`."""
        said = await self._find(wanted.reference)
        if said is None or all(one.refund_key != wanted.refund_no for one in said.refunds):
            return None
        return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.DONE)

    async def health(self) -> None:
        """See `Gateway.health`. A reference that cannot exist has to be unknown to it."""
        await self._find("bubuh-health")

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """See `Gateway.verify_notice`. It has no time in it: a replay finds its money counted."""
        del headers
        said = self._signed(raw)
        if said.transaction_status in _PAID and said.status_code != _DONE:
            raise GatewayMisspoke(f"notice: {said.transaction_status} beside {said.status_code}")
        # how to pay comes with the answer to `create`; what a notice says of it is not signed
        unsigned = msgspec.structs.replace(said, qr_string=None)
        charge = replace(self._charge(unsigned, now=received_at), details=PaymentDetails())
        return Notice(event_id=hashlib.sha256(raw).hexdigest(), charge=charge)

    def _signed(self, raw: bytes) -> _Transaction:
        """What `raw` says, once one of our keys is in its signature; what cannot be read is nobody's."""
        try:
            said = read_json(raw, _Transaction, "notice")
        except GatewayMisspoke as error:
            raise NoticeForged(gateway=self.name, why="unreadable") from error
        given = said.signature_key.encode("utf-8", "replace")
        wanted = [
            hashlib.sha512(f"{said.order_id}{said.status_code}{said.gross_amount}{key}".encode()).hexdigest()
            for key in self._profile.server_keys
        ]
        if not any([hmac.compare_digest(given, one.encode()) for one in wanted]):  # noqa: C419 -- in equal time
            raise NoticeForged(gateway=self.name, why="signature")
        return said

    def _wanted(self, wanted: WantedCharge) -> dict[str, object]:
        now = self._clock()
        minutes = max(1, math.ceil((wanted.expires_at - now).total_seconds() / 60))
        body: dict[str, object] = {
            "transaction_details": {"order_id": wanted.reference, "gross_amount": wanted.amount_idr},
            "custom_expiry": {
                "order_time": now.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S %z"),
                "expiry_duration": minutes,
                "unit": "minute",
            },
        }
        if wanted.method is Method.QRIS:
            return body | {"payment_type": "qris", "qris": {"acquirer": self._profile.acquirer}}
        return body | {"payment_type": "bank_transfer", "bank_transfer": {"bank": self._profile.bank}}

    async def _find(self, reference: str) -> _Transaction | None:
        said = await self._ask("GET", f"/v2/{quote(reference, safe='')}/status")
        if said.status_code == _NOT_FOUND:
            return None
        if said.order_id != reference:
            raise GatewayMisspoke(f"status: an answer about {said.order_id[:64]!r}")
        return said

    async def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> _Transaction:
        """One call; what Midtrans says is in the body, its HTTP status may differ.

        Raises:
            GatewayRefused: our key is not known.
        """
        key = base64.b64encode(f"{self._profile.server_keys[0]}:".encode()).decode()
        headers = {
            "authorization": f"Basic {key}",
            "accept": "application/json",
            "content-type": "application/json",
        }
        raw = b"" if body is None else msgspec.json.encode(body)
        _, answer = await self._calls.send(method, path, body=raw, headers=headers)
        said = read_json(answer, _Transaction, f"{method} {path}")
        if said.status_code in {"401", "402", "403"}:
            raise GatewayRefused(f"{method} {path}: {said.status_code}")
        if said.status_code.startswith("5"):
            raise GatewayMisspoke(f"{method} {path}: {said.status_code}")
        return said

    def _charge(self, said: _Transaction, *, now: datetime | None = None) -> Charge:
        """In the port's words; without any time in it, it is told as of `now`."""
        amount = whole_units(said.gross_amount)
        is_paid = said.transaction_status in _PAID
        payment = Payment(
            payment_no=said.order_id,
            amount=amount,
            paid_at=_when(said, now or self._clock()),
            currency=said.currency,
        )
        return Charge(
            reference=said.order_id,
            state=_state(said),
            details=self._details(said, amount),
            payments=(payment,) if is_paid and amount > 0 else (),
            reversals=self._reversals(said, payment),
        )

    def _reversals(self, said: _Transaction, payment: Payment) -> tuple[Reversal, ...]:
        """Midtrans gives a chargeback no number: one a transaction, of what was not refunded before."""
        left = payment.amount - sum(whole_units(one.refund_amount) for one in said.refunds)
        if said.transaction_status not in _BACK or left <= 0:
            return ()
        return (
            Reversal(
                reversal_no=f"{said.order_id}:chargeback",
                payment_no=payment.payment_no,
                amount_idr=left,
                reversed_at=payment.paid_at,  # no other time is told
            ),
        )

    def _details(self, said: _Transaction, amount: int) -> PaymentDetails:
        va = next((one.va_number for one in said.va_numbers), said.permata_va_number)
        is_qris = va is None and said.transaction_id
        page = f"{self._calls.address()}/v2/qris/{quote(said.transaction_id, safe='')}/qr-code"
        return PaymentDetails(
            qris=None if said.qr_string is None else checked_qris(said.qr_string, amount_idr=amount),
            va=va,
            pay_url=page if is_qris else None,
        )


def _state(said: _Transaction) -> AttemptState:
    if said.transaction_status in _PAID:
        return AttemptState.PAID
    if said.transaction_status in _CLOSED or said.status_code in _CLOSED_CODES:
        return AttemptState.CLOSED
    if said.transaction_status in {"pending", "authorize"}:
        return AttemptState.OPEN
    raise GatewayMisspoke(f"a transaction that is {said.transaction_status[:40]!r}")


def _when(said: _Transaction, now: datetime) -> datetime:
    told = said.settlement_time or said.transaction_time
    return now if told is None else jakarta_time(told)
