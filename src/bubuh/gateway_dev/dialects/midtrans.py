"""Midtrans's Core API as its documents tell it: charge, status, expire, refund and HTTP notifications."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from bubuh.gateway_dev.credentials import Credentials
from bubuh.gateway_dev.desk import Asked, Desk, address_of, decode
from bubuh.gateway_dev.lines import NewCharge, NewRefund, Refused, ShownCharge

NAME: Final = "midtrans"
_WIB: Final = timezone(timedelta(hours=7))


class _Details(msgspec.Struct, frozen=True):
    order_id: str
    gross_amount: int


class _Expiry(msgspec.Struct, frozen=True):
    order_time: str
    expiry_duration: int
    unit: str


class _Charge(msgspec.Struct, frozen=True):
    payment_type: str
    transaction_details: _Details
    custom_expiry: _Expiry


class _Refund(msgspec.Struct, frozen=True):
    refund_key: str
    amount: int
    reason: str


def notice(
    event_id: str, charge: ShownCharge, credentials: Credentials, url: str
) -> tuple[bytes, dict[str, str]]:
    """The notification of a transaction as it is."""
    del event_id, url  # Midtrans gives its notifications no number
    told = _told(charge)
    signed = told["order_id"] + told["status_code"] + told["gross_amount"] + credentials.midtrans_server_key
    told["signature_key"] = hashlib.sha512(signed.encode()).hexdigest()
    told["status_message"] = "midtrans payment notification"
    return msgspec.json.encode(told), {"content-type": "application/json"}


@post("/v2/charge", status_code=200)
async def create(request: Asked, desk: Desk) -> Response[bytes]:
    """Make a transaction; an order_id stands for one, for ever."""
    if not await _is_ours(request, desk):
        return await _error(desk, "401", "Unknown Merchant server_key/id")
    wanted = decode(await request.body(), _Charge)
    details = wanted.transaction_details
    if details.order_id in desk.book.charges:
        return await _error(desk, "406", "The request could not be completed due to a conflict")
    if wanted.custom_expiry.unit != "minute":
        raise Refused(400, "another unit than minutes")
    begun = datetime.strptime(wanted.custom_expiry.order_time, "%Y-%m-%d %H:%M:%S %z")
    method = {"qris": "qris", "bank_transfer": "va"}[wanted.payment_type]
    desk.book.open(
        msgspec.convert(
            {
                "reference": details.order_id,
                "amount_idr": details.gross_amount,
                "method": method,
                "expires_at": begun + timedelta(minutes=wanted.custom_expiry.expiry_duration),
            },
            NewCharge,
        ),
        dialect=NAME,
    )
    charge = desk.book.show(details.order_id, address_of(request))
    desk.teller.maybe_forge(charge)
    told = _told(charge) | {
        "status_message": "transaction is created",
        "expiry_time": _time(charge.expires_at),
    }
    if charge.qris is not None:
        told |= {"qr_string": charge.qris, "acquirer": "gopay"}
    return await desk.say(told)


@get("/v2/{order_id:str}/status")
async def status(order_id: str, request: Asked, desk: Desk) -> Response[bytes]:
    """The transaction as it is now. How to pay a QRIS one is not told again."""
    if not await _is_ours(request, desk):
        return await _error(desk, "401", "Unknown Merchant server_key/id")
    if order_id not in desk.book.charges:
        return await _error(desk, "404", "Transaction doesn't exist.")
    return await desk.say(_told(desk.book.show(order_id, address_of(request))))


@post("/v2/{order_id:str}/expire", status_code=200)
async def expire(order_id: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Close a pending transaction."""
    if not await _is_ours(request, desk):
        return await _error(desk, "401", "Unknown Merchant server_key/id")
    if order_id not in desk.book.charges:
        return await _error(desk, "404", "Transaction doesn't exist.")
    event_id = desk.book.close(order_id)
    if event_id is None:
        return await _error(desk, "412", "Merchant cannot modify the status of the transaction")
    charge = desk.book.show(order_id, address_of(request))
    desk.teller.tell(event_id, charge)
    return await desk.say(_told(charge) | {"status_code": "407"})


@post("/v2/{order_id:str}/refund", status_code=200)
async def refund(order_id: str, request: Asked, desk: Desk) -> Response[bytes]:
    """Give money back; a refund_key stands for one refund. Money by virtual account cannot go back."""
    if not await _is_ours(request, desk):
        return await _error(desk, "401", "Unknown Merchant server_key/id")
    wanted = decode(await request.body(), _Refund)
    if order_id not in desk.book.charges:
        return await _error(desk, "404", "Transaction doesn't exist.")
    kept = desk.book.find(order_id)
    if kept.opened.method != "qris" or not kept.payments:
        return await _error(desk, "412", "Merchant cannot modify the status of the transaction")
    new = NewRefund(
        refund_no=wanted.refund_key, payment_no=kept.payments[0].payment_no, amount_idr=wanted.amount
    )
    try:
        desk.book.refund(order_id, new, "done")
    except Refused as refused:
        return await _error(desk, "412", refused.why)
    told = _told(desk.book.show(order_id, address_of(request)))
    return await desk.say(told | {"refund_key": wanted.refund_key, "refund_amount": f"{wanted.amount}.00"})


HANDLERS: Final = (create, status, expire, refund)


async def _is_ours(request: Asked, desk: Desk) -> bool:
    await desk.behave()
    key = desk.credentials.midtrans_server_key
    wanted = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    return bool(key) and request.headers.get("authorization") == wanted


async def _error(desk: Desk, code: str, message: str) -> Response[bytes]:
    return await desk.say({"status_code": code, "status_message": message})


def _told(charge: ShownCharge) -> dict[str, Any]:
    """A transaction as status and notifications tell it; times are of Jakarta."""
    refunded = sum(one.amount_idr for one in charge.refunds)
    paid = sum(one.amount for one in charge.payments)
    state, code = {"open": ("pending", "201"), "closed": ("expire", "202"), "paid": ("settlement", "200")}[
        charge.state
    ]
    if charge.reversals:
        state, code = "chargeback", "200"
    elif refunded:
        state, code = ("refund" if refunded >= paid else "partial_refund"), "200"
    told: dict[str, Any] = {
        "status_code": code,
        "status_message": "Success, transaction is found",
        "transaction_id": hashlib.md5(charge.reference.encode(), usedforsecurity=False).hexdigest(),
        "order_id": charge.reference,
        "gross_amount": f"{paid or charge.amount_idr}.00",
        "currency": charge.payments[0].currency if charge.payments else "IDR",
        "payment_type": "qris" if charge.method == "qris" else "bank_transfer",
        "transaction_status": state,
        "transaction_time": _time(charge.opened_at),
        "fraud_status": "accept",
        "merchant_id": "G000000000",
    }
    if charge.payments:
        told["settlement_time"] = _time(charge.payments[0].paid_at)
    if charge.va is not None:
        told["va_numbers"] = [{"bank": "bca", "va_number": charge.va}]
    if charge.refunds:
        told["refund_amount"] = f"{refunded}.00"
        told["refunds"] = [
            {"refund_key": one.refund_no, "refund_amount": f"{one.amount_idr}.00"} for one in charge.refunds
        ]
    return told


def _time(moment: datetime) -> str:
    return moment.astimezone(_WIB).strftime("%Y-%m-%d %H:%M:%S")
