"""Virtual accounts that the customer numbers: a payer pays one, and the customer asks what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import MediaType, Response, get, post
from litestar.response import Redirect

from bubuh.core.clock import utc_now
from bubuh.gateway_dev.desk import Asked, Desk, address_of, decode, is_form
from bubuh.gateway_dev.dialects import snap
from bubuh.gateway_dev.lines import NewCharge, PayNow
from bubuh.gateway_dev.page import account_page

_BILL_STANDS: Final = "2002400"
_STAYS: Final = timedelta(days=1)


@get("/accounts/{account_no:str}", media_type=MediaType.HTML)
async def show_account(account_no: str, request: Asked, desk: Desk) -> str:
    """The bank's page, once the payer has typed the number: what it is for, as the customer says."""
    known = desk.book.charges.get(account_no)
    shown = None if known is None else desk.book.show(account_no, address_of(request))
    return account_page(account_no, await desk.teller.bank.inquire(account_no), shown)


@post("/accounts/{account_no:str}", status_code=200)
async def pay_account(account_no: str, request: Asked, desk: Desk) -> Response[bytes] | Redirect:
    """A payer agrees: the customer is asked, then paid. `insist` pays whatever it said.

    The page's button leads back to the page; a program sends JSON or nothing and gets the charge.
    """
    body, by_form = await request.body(), is_form(request)
    told = decode(body, PayNow) if body and not by_form else PayNow()
    asked = await desk.teller.bank.inquire(account_no)
    if asked["responseCode"] != _BILL_STANDS and not told.insist:
        if by_form:  # paid or over meanwhile: the page says so
            return Redirect(f"/accounts/{account_no}", status_code=303)
        return Response(msgspec.json.encode(asked), media_type=MediaType.JSON, status_code=409)
    bill_idr = int(asked["virtualAccountData"]["totalAmount"]["value"].removesuffix(".00"))
    new = NewCharge(reference=account_no, amount_idr=bill_idr, method="va", expires_at=utc_now() + _STAYS)
    desk.book.open(new, dialect=snap.NAME)
    event_id = desk.book.pay(account_no, told.amount or bill_idr, insist=told.insist)
    await desk.book.flush()
    shown = desk.book.show(account_no, address_of(request))
    desk.teller.tell(event_id, shown)
    if by_form:
        return Redirect(f"/accounts/{account_no}", status_code=303)
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
    data: dict[str, Any] = desk.teller.bank.named(account_no) | {"paymentFlagStatus": "00" if taken else "03"}
    if taken:
        data |= {
            "paymentRequestId": taken[0].payment_no,
            "paidAmount": {"value": f"{taken[0].amount}.00", "currency": taken[0].currency},
            "transactionDate": taken[0].paid_at.isoformat(),
        }
    return await snap.code(desk, "2002600", "Successful", {"virtualAccountData": data})


HANDLERS: Final = (show_account, pay_account, account_status)
