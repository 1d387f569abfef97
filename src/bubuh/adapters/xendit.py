"""Xendit behind payments' `Gateway` port: invoices, paid by QRIS or a virtual account on Xendit's own page.

A callback carries a secret that never changes, `x-callback-token`; where the account signs its callbacks as
well, `x-callback-signature` is the hexadecimal HMAC-SHA256 of the raw body, and is then asked for.

Source: docs.xendit.co and the invoice and refund references of github.com/xendit/xendit-php; read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec

from bubuh.adapters.gateway_calls import TIMEOUT_S, GatewayCalls, read_json
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
    WantedCharge,
    WantedRefund,
)
from bubuh.payments.refusals import GatewayMisspoke, GatewayRefused, NoticeForged

PRODUCTION: Final = "https://api.xendit.co"
TOKEN: Final = "x-callback-token"  # noqa: S105 -- a header's name
SIGNATURE: Final = "x-callback-signature"
_PACE: Final = Pace(per_s=10.0, burst=10, at_once=5)
_OK: Final = 200
_STATES: Final = {
    "PENDING": AttemptState.OPEN,
    "PAID": AttemptState.PAID,
    "SETTLED": AttemptState.PAID,
    "EXPIRED": AttemptState.CLOSED,
}
_WORDS: Final = {
    "SUCCEEDED": RefundWord.DONE,
    "PENDING": RefundWord.PENDING,
    "FAILED": RefundWord.FAILED,
    "CANCELLED": RefundWord.FAILED,
}
#: why it will never give this money back. docs.xendit.co/qr-codes/test-scenarios, read 2026-11-23
_NEVER: Final = frozenset(
    {
        "INELIGIBLE_TRANSACTION",
        "MAXIMUM_REFUND_AMOUNT_REACHED",
        "PARTIAL_REFUND_NOT_SUPPORTED",
        "REFUND_NOT_SUPPORTED",
    }
)

_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e15)]


class _Invoice(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    external_id: str
    status: Literal["PENDING", "PAID", "SETTLED", "EXPIRED"]
    amount: _Amount
    currency: str = IDR
    invoice_url: str | None = None
    paid_amount: _Amount | None = None
    paid_at: datetime | None = None
    updated: datetime | None = None


class _Refund(msgspec.Struct, frozen=True):
    status: Literal["SUCCEEDED", "PENDING", "FAILED", "CANCELLED"]
    reference_id: str | None = None
    failure_code: str | None = None


class _Error(msgspec.Struct, frozen=True):
    error_code: str
    message: str = ""


class _Refunds(msgspec.Struct, frozen=True):
    data: tuple[_Refund, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class XenditProfile:
    """How one merchant is known to Xendit."""

    name: str = "xendit"
    secret_keys: Sequence[str]  #: valid now; calls are made with the first
    callback_tokens: Sequence[str]  #: that callbacks may carry now
    callback_secrets: Sequence[str] = ()  #: where callbacks are signed: any of them
    banks: Sequence[str] = ("BCA", "BNI", "BRI", "MANDIRI")  #: whose virtual accounts a payer may choose
    pace: Pace = _PACE


class Xendit:
    """See `payments.ports.Gateway`."""

    methods: Final = frozenset(Method)
    desk: Final = None

    def __init__(
        self,
        profile: XenditProfile,
        address: str | Callable[[], str] = PRODUCTION,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> None:
        assert profile.secret_keys, "a gateway has a key"
        assert profile.callback_tokens, "callbacks are known by their token"
        self.name = profile.name
        self.pace = profile.pace
        self._profile = profile
        self._clock = clock
        self._calls = GatewayCalls(address, timeout_s=timeout_s)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._calls.close()

    async def create(self, wanted: WantedCharge) -> Charge:
        """See `Gateway.create`. Xendit takes an external_id twice, so we look for it first."""
        before = await self._find(wanted.reference)
        if before:
            return _charge(wanted.reference, _same(before, wanted))
        seconds = max(60, math.ceil((wanted.expires_at - self._clock()).total_seconds()))
        body = {
            "external_id": wanted.reference,
            "amount": wanted.amount_idr,
            "currency": IDR,
            "invoice_duration": seconds,
            "payment_methods": ["QRIS"] if wanted.method is Method.QRIS else list(self._profile.banks),
            "should_send_email": False,
        }
        status, answer = await self._ask("POST", "/v2/invoices", body, key=wanted.reference)
        if status != _OK:
            raise GatewayRefused(f"invoices: {status}")
        made = read_json(answer, _Invoice, "invoices")
        if made.external_id != wanted.reference:
            raise GatewayMisspoke("invoices: an answer about another one")
        return _charge(wanted.reference, _same([made], wanted))

    async def status(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.status`. Should there be two invoices of one reference, both are told."""
        found = await self._find(reference)
        return _charge(reference, found) if found else None

    async def cancel(self, reference: str, _method: Method = Method.QRIS) -> Charge | None:
        """See `Gateway.cancel`. What cannot be expired any more is told as it is."""
        for invoice in await self._find(reference):
            if invoice.status == "PENDING":
                await self._ask("POST", f"/invoices/{quote(invoice.id, safe='')}/expire!")
        return await self.status(reference)

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        """See `Gateway.refund`. A number that was used finds its refund by the idempotency key.

        Only what Xendit says it will never do has failed; after any other refusal it is asked again.
        """
        body = {
            "invoice_id": wanted.payment_no,
            "reference_id": wanted.refund_no,
            "amount": wanted.amount_idr,
            "currency": IDR,
            "reason": "REQUESTED_BY_CUSTOMER",
        }
        status, answer = await self._ask("POST", "/refunds", body, key=wanted.refund_no)
        if status == _OK:
            return _refund(wanted, read_json(answer, _Refund, "refunds"))
        before = await self.refund_status(wanted)
        if before is not None:
            return before
        error = read_json(answer, _Error, "refunds")
        if error.error_code not in _NEVER:  # it may do it yet, or be at it
            raise GatewayRefused(f"refunds: {status} {error.error_code[:80]}")
        why = f"{status} {error.error_code} {error.message[:200]}"
        return GatewayRefund(refund_no=wanted.refund_no, state=RefundWord.FAILED, why=why)

    async def refund_status(self, wanted: WantedRefund) -> GatewayRefund | None:
        """See `Gateway.refund_status`."""
        path = f"/refunds?invoice_id={quote(wanted.payment_no, safe='')}&limit=100"
        status, answer = await self._ask("GET", path)
        if status != _OK:
            raise GatewayRefused(f"refunds: {status}")
        for one in read_json(answer, _Refunds, "refunds").data:
            if one.reference_id == wanted.refund_no:
                return _refund(wanted, one)
        return None

    async def health(self) -> None:
        """See `Gateway.health`."""
        await self._find("bubuh-health")

    def verify_notice(self, raw: bytes, headers: Mapping[str, str], *, received_at: datetime) -> Notice:
        """See `Gateway.verify_notice`. It has no time in it: a replay finds its money counted."""
        del received_at
        if not _is_one_of(headers.get(TOKEN, ""), self._profile.callback_tokens):
            raise NoticeForged(gateway=self.name, why="token")
        signatures = [
            hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
            for secret in self._profile.callback_secrets
        ]
        if signatures and not _is_one_of(headers.get(SIGNATURE, ""), signatures):
            raise NoticeForged(gateway=self.name, why="signature")
        invoice = read_json(raw, _Invoice, "notice")
        event_id = hashlib.sha256(raw).hexdigest()
        return Notice(event_id=event_id, charge=_charge(invoice.external_id, [invoice]))

    async def _find(self, reference: str) -> list[_Invoice]:
        """The invoices of a reference, the newest first; usually one."""
        path = f"/v2/invoices?external_id={quote(reference, safe='')}"
        status, answer = await self._ask("GET", path)
        if status == 404:
            return []
        if status != _OK:
            raise GatewayRefused(f"GET {path}: {status}")
        found = read_json(answer, list[_Invoice], f"GET {path}")
        if any(one.external_id != reference for one in found):
            raise GatewayMisspoke(f"GET {path}: an answer about another one")
        return found

    async def _ask(
        self, method: str, path: str, body: dict[str, object] | None = None, *, key: str | None = None
    ) -> tuple[int, bytes]:
        """One call: its status, which whoever calls judges, and its body."""
        secret = base64.b64encode(f"{self._profile.secret_keys[0]}:".encode()).decode()
        headers = {"authorization": f"Basic {secret}", "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        raw = b"" if body is None else msgspec.json.encode(body)
        return await self._calls.send(method, path, body=raw, headers=headers)


def _same(invoices: Sequence[_Invoice], wanted: WantedCharge) -> Sequence[_Invoice]:
    """The invoices, when they are for what is wanted."""
    if any(one.amount != wanted.amount_idr or one.currency != IDR for one in invoices):
        raise GatewayRefused(f"invoices: {wanted.reference} is taken otherwise")
    return invoices


def _charge(reference: str, invoices: Sequence[_Invoice]) -> Charge:
    """All invoices of a reference as one charge: paid when one is, open while one is."""
    states = {_STATES[one.status] for one in invoices}
    order = (AttemptState.PAID, AttemptState.OPEN, AttemptState.CLOSED)
    return Charge(
        reference=reference,
        state=next(state for state in order if state in states),
        details=PaymentDetails(pay_url=invoices[0].invoice_url),
        payments=tuple(_payment(one) for one in invoices if _STATES[one.status] is AttemptState.PAID),
    )


def _payment(invoice: _Invoice) -> Payment:
    """An invoice is paid once, so that its id is its payment's number."""
    paid_at = invoice.paid_at or invoice.updated
    amount = int(invoice.amount if invoice.paid_amount is None else invoice.paid_amount)
    if paid_at is None or paid_at.tzinfo is None or amount <= 0:
        raise GatewayMisspoke("an invoice that is paid at no time, or by nothing")
    return Payment(payment_no=invoice.id, amount=amount, paid_at=paid_at, currency=invoice.currency)


def _refund(wanted: WantedRefund, said: _Refund) -> GatewayRefund:
    return GatewayRefund(refund_no=wanted.refund_no, state=_WORDS[said.status], why=said.failure_code)


def _is_one_of(given: str, wanted: Sequence[str]) -> bool:
    """Whether `given` is one of `wanted`, in the same time for any."""
    raw = given.encode("utf-8", "replace")
    return any([hmac.compare_digest(raw, one.encode()) for one in wanted])  # noqa: C419 -- in equal time
