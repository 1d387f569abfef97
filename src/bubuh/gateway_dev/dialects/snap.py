"""A bank's side of SNAP as the standard tells it: token, QRIS generate, query, cancel, refund and notify."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from litestar import Response, post

from bubuh.gateway_dev.credentials import Credentials
from bubuh.gateway_dev.desk import Asked, Desk, address_of
from bubuh.gateway_dev.lines import NewCharge, NewRefund, Refused, ShownCharge

NAME: Final = "snap"
_WIB: Final = timezone(timedelta(hours=7))
_CLOCKS_MAY_DIFFER: Final = timedelta(minutes=5)
_TOKENS: Final = "snap-token:"


def notice(
    event_id: str, charge: ShownCharge, credentials: Credentials, url: str
) -> tuple[bytes, dict[str, str]]:
    """The notification (service 52) of a code that was paid; its signature is over the path of `url`."""
    body = msgspec.json.encode(_told(charge))
    timestamp, path, token = (
        datetime.now(_WIB).isoformat(timespec="seconds"),
        urlsplit(url).path,
        secrets.token_hex(16),
    )
    digest = hashlib.sha256(body).hexdigest()
    if credentials.snap_bank_key:
        key = serialization.load_pem_private_key(credentials.snap_bank_key.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        signed = key.sign(f"POST:{path}:{digest}:{timestamp}".encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        text = f"POST:{path}:{token}:{digest}:{timestamp}"
        signed = hmac.digest(credentials.snap_client_secret.encode(), text.encode(), "sha512")
    return body, {
        "content-type": "application/json",
        "authorization": f"Bearer {token}",
        "x-timestamp": timestamp,
        "x-signature": base64.b64encode(signed).decode(),
        "x-external-id": event_id.removeprefix("evt_"),
    }


@post("/v1.0/access-token/b2b", status_code=200)
async def create_token(request: Asked, desk: Desk) -> Response[bytes]:
    """A token for who signs with the customer's key."""
    await desk.behave()
    known, timestamp = desk.credentials, request.headers.get("x-timestamp", "")
    key = serialization.load_pem_public_key(known.snap_customer_key.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(request.headers.get("x-signature", ""))
    try:
        text = f"{request.headers.get('x-client-key')}|{timestamp}".encode()
        key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return await code(desk, "4017300", "Unauthorized. Signature")
    if request.headers.get("x-client-key") != known.snap_client_key or _is_stale(timestamp):
        return await code(desk, "4017300", "Unauthorized. Unknown client")
    told = {"accessToken": _token(known), "tokenType": "Bearer", "expiresIn": "900"}
    return await code(desk, "2007300", "Successful", told)


@post("/v1.0/qr/qr-mpm-generate", status_code=200)
async def generate(request: Asked, desk: Desk) -> Response[bytes]:
    """Make a code; a partnerReferenceNo stands for one, for ever."""
    wanted = await called(request, desk)
    if wanted is None:
        return await code(desk, "4014700", "Unauthorized")
    reference = wanted["partnerReferenceNo"]
    if reference in desk.book.charges:
        return await code(desk, "4094701", "Duplicate partnerReferenceNo")
    new = {
        "reference": reference,
        "amount_idr": _rupiah(wanted["amount"]),
        "method": "qris",
        "expires_at": wanted["validityPeriod"],
    }
    desk.book.open(msgspec.convert(new, NewCharge), dialect=NAME)
    charge = desk.book.show(reference, address_of(request))
    desk.teller.maybe_forge(charge)
    told = {
        "referenceNo": _reference_no(charge),
        "partnerReferenceNo": reference,
        "qrContent": charge.qris,
        "qrUrl": charge.pay_url,
    }
    return await code(desk, "2004700", "Successful", told)


@post("/v1.0/qr/qr-mpm-query", status_code=200)
async def query(request: Asked, desk: Desk) -> Response[bytes]:
    """A code as it is now."""
    wanted = await called(request, desk)
    if wanted is None:
        return await code(desk, "4015100", "Unauthorized")
    reference = wanted["originalPartnerReferenceNo"]
    if reference not in desk.book.charges:
        return await code(desk, "4045101", "Transaction Not Found")
    charge = desk.book.show(reference, address_of(request))
    return await code(desk, "2005100", "Successful", _told(charge) | {"serviceCode": "47"})


@post("/v1.0/qr/qr-mpm-cancel", status_code=200)
async def cancel(request: Asked, desk: Desk) -> Response[bytes]:
    """Close a code that is not paid."""
    wanted = await called(request, desk)
    if wanted is None:
        return await code(desk, "4017700", "Unauthorized")
    reference = wanted["originalPartnerReferenceNo"]
    if reference not in desk.book.charges:
        return await code(desk, "4047701", "Transaction Not Found")
    event_id = desk.book.close(reference)
    if event_id is None:
        return await code(desk, "4037715", "Transaction Not Permitted")
    desk.book.told(event_id)  # this bank tells of payments only
    return await code(desk, "2007700", "Successful", {"originalPartnerReferenceNo": reference})


@post("/v1.0/qr/qr-mpm-refund", status_code=200)
async def refund(request: Asked, desk: Desk) -> Response[bytes]:
    """Give money back; a partnerRefundNo stands for one refund."""
    wanted = await called(request, desk)
    if wanted is None:
        return await code(desk, "4017800", "Unauthorized")
    reference, number = wanted["originalPartnerReferenceNo"], wanted["partnerRefundNo"]
    if reference not in desk.book.charges or not desk.book.find(reference).payments:
        return await code(desk, "4047801", "Transaction Not Found")
    if number in desk.book.find(reference).refunds:
        return await code(desk, "4097801", "Duplicate partnerRefundNo")
    new = NewRefund(
        refund_no=number,
        payment_no=wanted["originalReferenceNo"],
        amount_idr=_rupiah(wanted["refundAmount"]),
    )
    try:
        made = desk.book.refund(reference, new, desk.teller.script.refund)
    except Refused:
        return await code(desk, "4037815", "Transaction Not Permitted")
    number_said = {"done": "2007800", "pending": "2027800", "failed": "4037815"}[made.state]
    return await code(desk, number_said, made.state, {"partnerRefundNo": number})


HANDLERS: Final = (create_token, generate, query, cancel, refund)


async def called(request: Asked, desk: Desk) -> dict[str, Any] | None:
    """The body of a call that the customer signed; None: somebody else's."""
    await desk.behave()
    body, known, timestamp = await request.body(), desk.credentials, request.headers.get("x-timestamp", "")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    digest = hashlib.sha256(body).hexdigest()
    text = f"{request.method}:{request.url.path}:{token}:{digest}:{timestamp}"
    wanted = base64.b64encode(hmac.digest(known.snap_client_secret.encode(), text.encode(), "sha512"))
    is_theirs = hmac.compare_digest(wanted, request.headers.get("x-signature", "").encode())
    if not is_theirs or token != _token(known) or _is_stale(timestamp):
        return None
    read: dict[str, Any] = json.loads(body)
    return read


async def code(desk: Desk, number: str, message: str, told: dict[str, Any] | None = None) -> Response[bytes]:
    """An answer with its response code; the HTTP status is what that begins with."""
    said = {"responseCode": number, "responseMessage": message} | (told or {})
    return await desk.say(said, status=int(number[:3]))


def _token(known: Credentials) -> str:
    return hmac.digest(known.native, _TOKENS.encode() + known.snap_client_key.encode(), "sha256").hex()


def _is_stale(timestamp: str) -> bool:
    try:
        return abs(datetime.fromisoformat(timestamp) - datetime.now(_WIB)) > _CLOCKS_MAY_DIFFER
    except (ValueError, TypeError):
        return True


def _rupiah(amount: dict[str, str]) -> int:
    if amount["currency"] != "IDR" or not amount["value"].endswith(".00"):
        raise Refused(400, "an amount is written 10000.00 IDR")
    return int(amount["value"].removesuffix(".00"))


def _reference_no(charge: ShownCharge) -> str:
    """The bank's own number: of the payment, once there is one."""
    return charge.payments[0].payment_no if charge.payments else f"ref{charge.reference}"[:64]


def _told(charge: ShownCharge) -> dict[str, Any]:
    paid = sum(one.amount for one in charge.payments)
    number, words = {"open": ("03", "Pending"), "closed": ("05", "Cancelled"), "paid": ("00", "Success")}[
        charge.state
    ]
    if charge.payments:
        number, words = "00", "Success"
    if any(one.state == "done" for one in charge.refunds):
        number, words = "04", "Refunded"
    told: dict[str, Any] = {
        "originalReferenceNo": _reference_no(charge),
        "originalPartnerReferenceNo": charge.reference,
        "latestTransactionStatus": number,
        "transactionStatusDesc": words,
        "amount": {
            "value": f"{paid or charge.amount_idr}.00",
            "currency": charge.payments[0].currency if charge.payments else "IDR",
        },
    }
    if charge.payments:
        told["paidTime"] = charge.payments[0].paid_at.astimezone(_WIB).isoformat(timespec="seconds")
    if charge.refunds:
        told["refundHistory"] = [
            {
                "partnerRefundNo": one.refund_no,
                "refundStatus": {"done": "00", "pending": "03", "failed": "06"}[one.state],
            }
            for one in charge.refunds
        ]
    return told
