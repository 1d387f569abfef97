"""`/beli`: how many stamps, and how they are paid."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.ids import derived_id, show_id
from bubuh.core.money import price_idr
from bubuh.edge.guards import SignedIn
from bubuh.orders.model import MOST_STAMPS
from bubuh.orders.place import place
from bubuh.orders.refusals import StampsOutOfRange
from bubuh.payments.model import Method
from bubuh.payments.steady import silent
from bubuh.quota.show import show_quota
from bubuh.waitingroom.lanes import Errand
from bubuh.web.errors import words_of
from bubuh.web.forms import Form, read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show

AnyRequest = Request[Any, Any, Any]
ROUTE: Final = "POST /beli"
_USUAL: Final = "1"


@get("/beli", guards=[SignedIn(errand=Errand.BUY)], media_type=MediaType.HTML)
async def get_buy(request: AnyRequest, services: Parts) -> Page:
    """Ask how many, and tell what one costs and what is there already."""
    return await _ask(request, services, stamps=_USUAL, method=str(Method.QRIS))


@post("/beli", guards=[SignedIn(errand=Errand.BUY)], media_type=MediaType.HTML)
async def post_buy(request: AnyRequest, services: Parts) -> Page:
    """Place the order; the same form again leads to the same order."""
    form = await read_form(request)
    method = _method(form)
    if method is None:
        errors = {"method": say(request)("Pilih cara membayar.")}
        return await _ask(request, services, stamps=form.text("stamps"), method="", errors=errors)
    order_id = derived_id(session_of(request).account_id, ROUTE, form.key)
    try:
        placed = await place(
            session_of(request).principal,
            stamps=_count(form),
            method=method,
            order_id=order_id,
            db=services.db,
            gateways=services.gateways,
            batches=services.place_batches,
            is_only=services.door is not None and services.door.is_one_order,
        )
    except StampsOutOfRange as refusal:
        errors = {"stamps": words_of(request, refusal)}
        return await _ask(request, services, stamps=form.text("stamps"), method=str(method), errors=errors)
    return go_to(request, f"/pesanan/{show_id('ord', placed.shown.order.id)}")


HANDLERS: Final = [get_buy, post_buy]


def _count(form: Form) -> int:
    """How many stamps; a text that is no number counts as none, which is refused in words."""
    text = form.text("stamps", most=7).replace(".", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _method(form: Form) -> Method | None:
    chosen = form.text("method")
    return Method(chosen) if chosen in set(Method) else None


async def _ask(
    request: AnyRequest, services: Parts, *, stamps: str, method: str, errors: dict[str, str] | None = None
) -> Page:
    return show(
        request,
        "buy/choose.html",
        status=422 if errors else 200,
        balance=await show_quota(services.db, session_of(request).account_id),
        price_idr=price_idr(1),
        most=MOST_STAMPS,
        silent=silent(services.gateways),
        stamps=stamps,
        method=method,
        errors=errors or {},
    )
