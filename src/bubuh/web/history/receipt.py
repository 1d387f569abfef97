"""Receipts to print: of a stamp that was affixed, and of an order whose stamps are there."""

from __future__ import annotations

from typing import Any, Final

import segno
from litestar import MediaType, Request, get
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id
from bubuh.edge.guards import SignedIn
from bubuh.history.model import Happening
from bubuh.history.show import list_order_events
from bubuh.orders.model import OrderState
from bubuh.orders.show import show_order
from bubuh.stamping.moves import StampState
from bubuh.stamping.show import find_stamp
from bubuh.web.frame import Page, Parts, go_to, session_of, show

AnyRequest = Request[Any, Any, Any]


@get("/meterai/{stamp_id:str}/bukti", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_stamp_receipt(request: AnyRequest, stamp_id: FromPath[str], services: Parts) -> Page:
    """What was affixed, and a code that leads anyone to its serial number; before that, the stamp's page."""
    stamp = await find_stamp(services.db, session_of(request).account_id, read_id("stm", stamp_id))
    if stamp.state is not StampState.AFFIXED:
        return go_to(request, f"/meterai/{stamp_id}")
    return show(
        request,
        "history/stamp_receipt.html",
        stamp=stamp,
        stamp_no=stamp_id,
        printed_at=utc_now(),
        picture=_code(f"{services.public_url}/s/{stamp.serial_no}"),
    )


@get("/pesanan/{order_id:str}/bukti", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_order_receipt(request: AnyRequest, order_id: FromPath[str], services: Parts) -> Page:
    """What was bought and paid, and a code that leads its buyer back; before that, the order's page."""
    account_id, wanted = session_of(request).account_id, read_id("ord", order_id)
    order = (await show_order(services.db, account_id, wanted)).order
    if order.state is not OrderState.FILLED:
        return go_to(request, f"/pesanan/{order_id}")
    events = await list_order_events(services.db, account_id, wanted)
    return show(
        request,
        "history/order_receipt.html",
        order=order,
        order_no=order_id,
        payments=[event for event in events if event.what is Happening.PAYMENT],
        printed_at=utc_now(),
        picture=_code(f"{services.public_url}/pesanan/{order_id}"),
    )


HANDLERS: Final = [get_stamp_receipt, get_order_receipt]


def _code(address: str) -> str:
    """A QR code as the address of a picture."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=4))
