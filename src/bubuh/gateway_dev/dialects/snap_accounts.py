"""Virtual accounts that the customer numbers: a payer pays one, and the customer asks what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import MediaType, Response, post

from bubuh.core.clock import utc_now
from bubuh.gateway_dev.bank import named
from bubuh.gateway_dev.desk import Asked, Desk, address_of, decode
from bubuh.gateway_dev.dialects import snap
from bubuh.gateway_dev.lines import NewCharge, PayNow

_STAYS: Final = timedelta(days=1)


@post("/accounts/{account_no:str}", status_code=200)
async def pay_account(account_no: str, request: Asked, desk: Desk) -> Response[bytes]:
    """A payer types the number: the customer is asked, then paid. `insist` pays whatever it said."""
    body = await request.body()
    told = decode(body, PayNow) if body else PayNow()
    asked = await desk.teller.bank.inquire(account_no)
    if asked["responseCode"] != "2002400" and not told.insist:
        return Response(msgspec.json.encode(asked), media_type=MediaType.JSON, status_code=409)
    bill_idr = int(asked["virtualAccountData"]["totalAmount"]["value"].removesuffix(".00"))
    new = NewCharge(reference=account_no, amount_idr=bill_idr, method="va", expires_at=utc_now() + _STAYS)
    desk.book.open(new, dialect=snap.NAME)
    event_id = desk.book.pay(account_no, told.amount or bill_idr, insist=told.insist)
    await desk.book.flush()
    shown = desk.book.show(account_no, address_of(request))
    desk.teller.tell(event_id, shown)
    return Response(msgspec.json.encode(shown), media_type=MediaType.JSON, status_code=200)


@post("/v1.0/transfer-va/status", status_code=200)
async def account_status(request: Asked, desk: Desk) -> Response[bytes]:
    """What was paid to an account and not declined (service 26)."""
    wanted = await snap.called(request, desk)
    if wanted is None:
        return await snap.code(desk, "4012600", "Unauthorized")
    account_no = wanted["virtualAccountNo"].strip()
    if account_no not in desk.book.charges:
        return await snap.code(desk, "4042601", "Transaction Not Found")
    kept = desk.book.find(account_no)
    taken = [one for one in kept.payments if kept.left_idr(one.payment_no) > 0]
    data: dict[str, Any] = named(account_no) | {"paymentFlagStatus": "00" if taken else "03"}
    if taken:
        data |= {
            "paymentRequestId": taken[0].payment_no,
            "paidAmount": {"value": f"{taken[0].amount}.00", "currency": taken[0].currency},
            "transactionDate": taken[0].paid_at.isoformat(),
        }
    return await snap.code(desk, "2002600", "Successful", {"virtualAccountData": data})


HANDLERS: Final = (pay_account, account_status)
