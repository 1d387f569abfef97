"""Xendit's invoices and refunds as its documents tell them, with callbacks."""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from bubuh.core.clock import utc_now
from bubuh.gateway_dev.credentials import Credentials
from bubuh.gateway_dev.desk import Asked, Desk, address_of, decode
from bubuh.gateway_dev.lines import NewCharge, NewRefund, Refused, ShownCharge, ShownRefund

NAME: Final = "xendit"
_PREFIX: Final = "inv_"  #: of an invoice's id, which is its reference's otherwise


class _Invoice(msgspec.Struct, frozen=True):
    external_id: str
    amount: int
    invoice_duration: int
    payment_methods: list[str]
    currency: str


class _Refund(msgspec.Struct, frozen=True):
    invoice_id: str
    reference_id: str
    amount: int
    reason: str


def notice(
    event_id: str, charge: ShownCharge, credentials: Credentials, url: str
) -> tuple[bytes, dict[str, str]]:
    """The callback of an invoice as it is."""
    del url
    body = msgspec.json.encode(_told(charge))
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "x-callback-token": credentials.xendit_callback_token,
    }
    if credentials.xendit_callback_secret:
        signature = hmac.digest(credentials.xendit_callback_secret.encode(), body, "sha256").hex()
        headers["x-callback-signature"] = signature
    return body, headers


@post("/v2/invoices", status_code=200)
async def create(request: Asked, desk: Desk) -> Response[bytes]:
    """Make an invoice."""
    await _check(request, desk)
    wanted = decode(await request.body(), _Invoice)
    method = "qris" if wanted.payment_methods == ["QRIS"] else "va"
    expires_at = utc_now() + timedelta(seconds=wanted.invoice_duration)
    new = msgspec.convert(
        {
            "reference": wanted.external_id,
            "amount_idr": wanted.amount,
            "method": method,
            "expires_at": expires_at,
        },
        NewCharge,
    )
    desk.book.open(new, dialect=NAME)
    charge = desk.book.show(wanted.external_id, address_of(request))
    desk.teller.maybe_forge(charge)
    return await desk.say(_told(charge))


@get("/v2/invoices")
async def find(request: Asked, desk: Desk) -> Response[bytes]:
    """The invoices of an external_id."""
    await _check(request, desk)
    reference = request.query_params.get("external_id", "")
    known = reference in desk.book.charges
    return await desk.say([_told(desk.book.show(reference, address_of(request)))] if known else [])


@post("/invoices/{invoice_id:str}/expire!", status_code=200)
async def expire(invoice_id: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Expire an invoice that is pending."""
    await _check(request, desk)
    reference = invoice_id.removeprefix(_PREFIX)
    event_id = desk.book.close(reference)
    if event_id is None:
        raise Refused(400, "INVALID_STATUS_ERROR")
    charge = desk.book.show(reference, address_of(request))
    desk.teller.tell(event_id, charge)
    return await desk.say(_told(charge))


@post("/refunds", status_code=200)
async def refund(request: Asked, desk: Desk) -> Response[bytes]:
    """Give money of an invoice back; the same idempotency key, the same refund."""
    await _check(request, desk)
    wanted = decode(await request.body(), _Refund)
    if request.headers.get("idempotency-key") != wanted.reference_id:
        raise Refused(400, "this gateway wants the reference_id as idempotency-key")
    reference = wanted.invoice_id.removeprefix(_PREFIX)
    payments = desk.book.find(reference).payments
    if not payments:
        raise Refused(400, "INVALID_STATUS_ERROR")
    new = NewRefund(
        refund_no=wanted.reference_id, payment_no=payments[0].payment_no, amount_idr=wanted.amount
    )
    try:
        made = desk.book.refund(reference, new, desk.teller.script.refund)
    except Refused as refused:
        error = {"error_code": "MAXIMUM_REFUND_AMOUNT_REACHED", "message": refused.why}
        return await desk.say(error, status=400)
    return await desk.say(_told_refund(reference, made))


@get("/refunds")
async def find_refunds(request: Asked, desk: Desk) -> Response[bytes]:
    """The refunds of an invoice."""
    await _check(request, desk)
    reference = request.query_params.get("invoice_id", "").removeprefix(_PREFIX)
    refunds = desk.book.find(reference).refunds.values()
    return await desk.say({"data": [_told_refund(reference, one) for one in refunds], "has_more": False})


HANDLERS: Final = (create, find, expire, refund, find_refunds)


async def _check(request: Asked, desk: Desk) -> None:
    await desk.behave()
    key = desk.credentials.xendit_secret_key
    wanted = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    if not key or request.headers.get("authorization") != wanted:
        raise Refused(401, "INVALID_API_KEY")


def _told(charge: ShownCharge) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": _PREFIX + charge.reference,
        "external_id": charge.reference,
        "user_id": "000000000000000000000000",
        "status": {"open": "PENDING", "closed": "EXPIRED", "paid": "PAID"}[charge.state],
        "merchant_name": "Pengembangan",
        "amount": charge.amount_idr,
        "currency": "IDR",
        "expiry_date": charge.expires_at,
        "created": charge.opened_at,
        "updated": charge.payments[-1].paid_at if charge.payments else charge.opened_at,
    }
    if charge.pay_url is not None:
        told["invoice_url"] = charge.pay_url
    if charge.payments:
        told |= {
            "currency": charge.payments[0].currency,
            "paid_amount": sum(one.amount for one in charge.payments),
            "paid_at": charge.payments[0].paid_at,
            "payment_method": "QR_CODE" if charge.method == "qris" else "BANK_TRANSFER",
        }
        if charge.state != "paid":
            told["status"] = "PAID"
    return told


def _told_refund(reference: str, refund: ShownRefund) -> dict[str, Any]:
    return {
        "id": "rfd-" + refund.refund_no,
        "invoice_id": _PREFIX + reference,
        "reference_id": refund.refund_no,
        "amount": refund.amount_idr,
        "currency": "IDR",
        "status": {"done": "SUCCEEDED", "pending": "PENDING", "failed": "FAILED"}[refund.state],
        "failure_code": None,
    }
