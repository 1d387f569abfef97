"""`/pesanan/…`: how an order is paid, and what became of it, live."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id
from bubuh.edge.guards import SignedIn
from bubuh.edge.services import Services
from bubuh.history.model import OrderEvent
from bubuh.history.show import list_order_events
from bubuh.identity.model import Environment
from bubuh.orders.check import check
from bubuh.orders.model import UNREACHED_LOOKS_S, OrderState, ShownOrder
from bubuh.orders.show import find_order
from bubuh.payments.model import PaymentDetails
from bubuh.payments.qris_svg import qris_svg
from bubuh.payments.refusals import GatewayUnavailable, GatewayUnknown
from bubuh.payments.steady import silent
from bubuh.quota.show import show_quota
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, page, session_of, show

AnyRequest = Request[Any, Any, Any]

_SEEN: Final = "terlihat"  #: what a page that asks for its part shows already
_UNPAYABLE: Final = "tanpa-kode"  #: what was seen begins so on a page without a way to pay
_UNANSWERED: Final = "diam"  #: shown after a check that the gateway did not answer

_log = structlog.get_logger(__name__)


@get("/pesanan/{order_id:str}", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_order_page(request: AnyRequest, order_id: FromPath[str], services: Parts) -> Page:
    """The order. While it is looked at, its gateway is asked often."""
    account_id = session_of(request).account_id
    shown = await find_order(services.db, account_id, read_id("ord", order_id))
    events = await list_order_events(services.db, account_id, shown.order.id)
    return await _show(request, services, order_id, shown, template="buy/order.html", events=events)


@get("/pesanan/{order_id:str}/keadaan", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_order_state(request: AnyRequest, order_id: FromPath[str], services: Parts) -> Page:
    """The part of the page that changes, for the page to fetch; once that is more, the whole page is.

    So it is when there is a way to pay at last. Nothing new is answered with nothing: what stands there keeps
    the reader's focus, and is not read out again.
    """
    shown = await find_order(services.db, session_of(request).account_id, read_id("ord", order_id))
    seen = str(request.query_params.get(_SEEN, ""))
    is_whole = shown.order.state is not OrderState.PLACED
    is_whole = is_whole or (seen.startswith(_UNPAYABLE) and shown.payment is not None)
    if seen == _mark(services, shown) and not is_whole:
        return page(request, b"", status=204)
    part = await _show(request, services, order_id, shown, template="buy/state.html")
    if is_whole:
        part.headers["hx-refresh"] = "true"
    return part


@post("/pesanan/{order_id:str}/periksa", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_check_order(request: AnyRequest, order_id: FromPath[str], services: Parts) -> Page:
    """Ask the gateway now whether the money came; the page says when it did not answer."""
    await read_form(request)
    wanted = read_id("ord", order_id)
    try:
        await check(services.db, session_of(request).account_id, wanted, gateways=services.gateways)
    except (GatewayUnavailable, GatewayUnknown) as silence:
        _log.info("gateway_silent", order=order_id, code=silence.code)
        return go_to(request, f"/pesanan/{order_id}?{_UNANSWERED}=1")
    return go_to(request, f"/pesanan/{order_id}")


HANDLERS: Final = [get_order_page, get_order_state, post_check_order]


async def _show(
    request: AnyRequest,
    services: Parts,
    order_id: str,
    shown: ShownOrder,
    *,
    template: str,
    events: Sequence[OrderEvent] = (),
) -> Page:
    order, payment = shown.order, shown.payment
    return show(
        request,
        template,
        order=order,
        order_no=order_id,
        payment=payment,
        picture=_picture(payment.qris, order.expires_at) if payment is not None and payment.qris else None,
        test_page=_test_page(services, payment),
        again_s=shown.look_again_s(utc_now()),
        seen=f"{_SEEN}={_mark(services, shown)}",
        is_silent=_is_silent(services, shown),
        is_unanswered=_UNANSWERED in request.query_params,
        slowest_s=UNREACHED_LOOKS_S[1],
        has_other_way=_has_other_way(services, shown),
        missing_idr=order.amount_idr - (order.amount_paid_idr - order.amount_returned_idr),
        balance=await show_quota(services.db, session_of(request).account_id),
        events=events,
    )


def _is_silent(services: Parts, shown: ShownOrder) -> bool:
    """Whether nobody who collects money so answers now, as far as this process knows."""
    return shown.order.method in silent(services.gateways)


def _has_other_way(services: Parts, shown: ShownOrder) -> bool:
    """Whether its buyer may order anew, by a way to pay that may well be answered."""
    if services.door is not None and services.door.is_one_order:
        return False
    offered = {method for gateway in services.gateways.values() for method in gateway.methods}
    return bool(offered - silent(services.gateways) - {shown.order.method})


def _mark(services: Parts, shown: ShownOrder) -> str:
    """All that the part which changes depends on while the order waits."""
    order = shown.order
    way = _UNPAYABLE if shown.payment is None else "kode"
    silence = "diam" if _is_silent(services, shown) else "menjawab"
    told = (way, order.state, order.amount_paid_idr, silence, shown.look_again_s(utc_now()))
    return ".".join(map(str, told))


def _test_page(services: Services, payment: PaymentDetails | None) -> str | None:
    """Where an order is paid in development; None: nowhere, or this is none."""
    if services.environment is not Environment.TEST or payment is None:
        return None
    if payment.pay_url is None and payment.va is not None and services.payer_page is not None:
        return f"{services.payer_page}/{payment.va}"
    return payment.pay_url


def _picture(text: str, expires_at: datetime) -> str:
    """A QRIS code as the address of a picture."""
    svg = qris_svg(text, expires_at=expires_at)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
