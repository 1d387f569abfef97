"""Where banks ask what a virtual account is for, and pay it; answered in their own words (SNAP)."""

from __future__ import annotations

from litestar import post
from litestar.params import FromPath

from bubuh.api.reply import AnyRequest, Parts, Reply
from bubuh.core.clock import utc_now
from bubuh.edge.bodies import whole
from bubuh.edge.calls import JSON
from bubuh.edge.guards import Inbox, note_forgery
from bubuh.payments.answer_bank import answer_inquiry, answer_payment, desk_of
from bubuh.payments.bank_calls import BankAnswer
from bubuh.payments.model import MAX_NOTICE_BYTES
from bubuh.payments.ports import find_gateway

_UNAUTHORIZED = 401


@post("/gateway/{gateway:str}/v1.0/access-token/b2b", guards=[Inbox()], status_code=200)
async def create_bank_token(request: AnyRequest, gateway: FromPath[str], services: Parts) -> Reply:
    """Give the bank a token for its calls of the next minutes."""
    desk = desk_of(find_gateway(services.gateways, gateway))
    raw = await whole(request, limit_bytes=MAX_NOTICE_BYTES)
    return _reply(request, desk.give_token(raw, dict(request.headers), now=utc_now()))


@post("/gateway/{gateway:str}/v1.0/transfer-va/inquiry", guards=[Inbox()], status_code=200)
async def show_account(request: AnyRequest, gateway: FromPath[str], services: Parts) -> Reply:
    """What a virtual account is for, and how much."""
    found = find_gateway(services.gateways, gateway)
    desk_of(found)
    raw = await whole(request, limit_bytes=MAX_NOTICE_BYTES)
    answer = await answer_inquiry(raw, dict(request.headers), gateway=found, db=services.db, now=utc_now())
    return _reply(request, answer)


@post("/gateway/{gateway:str}/v1.0/transfer-va/payment", guards=[Inbox()], status_code=200)
async def pay_account(request: AnyRequest, gateway: FromPath[str], services: Parts) -> Reply:
    """Take the notice of money for a virtual account, or decline it: then the bank gives it back."""
    found = find_gateway(services.gateways, gateway)
    desk_of(found)
    raw = await whole(request, limit_bytes=MAX_NOTICE_BYTES)
    answer = await answer_payment(
        raw,
        dict(request.headers),
        gateway=found,
        db=services.db,
        now=utc_now(),
        batch=services.notice_batch,
    )
    return _reply(request, answer)


def _reply(request: AnyRequest, answer: BankAnswer) -> Reply:
    if answer.status == _UNAUTHORIZED:
        note_forgery(request)
    return Reply(content=answer.body, status_code=answer.status, media_type=JSON)


HANDLERS = [create_bank_token, show_account, pay_account]
