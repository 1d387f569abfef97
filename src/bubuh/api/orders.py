"""`/v1/orders`: stamps are bought, orders watched, and a gateway asked on the spot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from bubuh.api.reply import REPLAYED, AnyRequest, Caller, ClientKey, Parts, Reply, replay_header, reply
from bubuh.core.clock import utc_now
from bubuh.core.ids import derived_id, read_id, show_id
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import SVG, Answer, Body, Call, told
from bubuh.edge.guards import May
from bubuh.identity.model import Scope
from bubuh.orders.check import check
from bubuh.orders.model import MOST_STAMPS, OrderState, ShownOrder
from bubuh.orders.place import place
from bubuh.orders.refusals import NoQrisCode, OneOrder, StampsOutOfRange
from bubuh.orders.show import draw_qris, find_order
from bubuh.payments.model import Method
from bubuh.payments.refusals import MethodUnknown
from bubuh.waitingroom.lanes import Errand

ROUTE: Final = "POST /v1/orders"
RETRY_AFTER: Final = "Retry-After"
LOOK_AGAIN: Final = "In how many seconds to look again, while the order waits."


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many stamps to buy, and how they will be paid."""

    stamps: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MOST_STAMPS})]
    method: Method


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer needs; null where the method does not have it."""

    qris: str | None  # text of the QR code
    va: str | None  # virtual account number
    pay_url: str | None  # the gateway's own page


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order and how far it came."""

    id: str
    state: OrderState
    stamps: int
    method: Method
    amount_idr: int
    amount_paid_idr: int  # all that came
    amount_returned_idr: int  # of that, what bought nothing and goes or went back
    placed_at: datetime
    expires_at: datetime
    payment: PaymentView | None  # null until the gateway has told

    @classmethod
    def of(cls, shown: ShownOrder) -> Self:
        """The view of an order."""
        order, payment = shown.order, shown.payment
        return cls(
            id=show_id("ord", order.id),
            state=order.state,
            stamps=order.stamps,
            method=order.method,
            amount_idr=order.amount_idr,
            amount_paid_idr=order.amount_paid_idr,
            amount_returned_idr=order.amount_returned_idr,
            placed_at=order.placed_at,
            expires_at=order.expires_at,
            payment=None
            if payment is None
            else PaymentView(qris=payment.qris, va=payment.va, pay_url=payment.pay_url),
        )


_EXAMPLE: Final = {
    "id": "ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "state": "placed",
    "stamps": 3,
    "method": "va",
    "amount_idr": 30000,
    "amount_paid_idr": 0,
    "amount_returned_idr": 0,
    "placed_at": "2026-11-22T07:00:00Z",
    "expires_at": "2026-11-22T08:00:00Z",
    "payment": {"qris": None, "va": "8808123456789012", "pay_url": None},
}
_SHOWN: Final = Body(shape=OrderView, example=_EXAMPLE)
_DRAWN: Final = Body(media_type=SVG)


@post(
    "/v1/orders",
    guards=[May(Scope.ORDERS_WRITE, errand=Errand.BUY)],
    opt=told(
        Call(
            summary="Buy stamps",
            summary_id="Beli meterai",
            tag="orders",
            body=Body(shape=NewOrder, example={"stamps": 3, "method": "va"}),
            answers={
                201: Answer(
                    says="The order, and how to pay it.",
                    body=_SHOWN,
                    headers={
                        "Location": "The order's address.",
                        RETRY_AFTER: LOOK_AGAIN,
                        REPLAYED: "`true` when it was placed before.",
                    },
                )
            },
            creates=True,
            refusals=(StampsOutOfRange, MethodUnknown, OneOrder),
        )
    ),
)
async def create_order(
    request: AnyRequest, principal: Caller, idempotency_key: ClientKey, services: Parts
) -> Reply:
    """Place an order for 1 to 1,000 stamps. Once paid it is filled without asking."""
    new = await read_json(request, NewOrder)
    order_id = derived_id(principal.account_id, ROUTE, idempotency_key)
    door = services.door
    placed = await place(
        principal,
        stamps=new.stamps,
        method=new.method,
        order_id=order_id,
        db=services.db,
        gateways=services.gateways,
        batches=services.place_batches,
        is_only=door is not None and door.asks_programs and door.is_one_order,
    )
    view = OrderView.of(placed.shown)
    headers = {"Location": f"/v1/orders/{view.id}", **replay_header(replayed=placed.replayed)}
    return reply(view, status=201, headers=headers | _look_again(placed.shown))


@get(
    "/v1/orders/{order_id:str}",
    guards=[May(Scope.ORDERS_WRITE)],
    opt=told(
        Call(
            summary="Show an order",
            summary_id="Lihat pesanan",
            tag="orders",
            answers={
                200: Answer(says="The order, as it is now.", body=_SHOWN, headers={RETRY_AFTER: LOOK_AGAIN})
            },
        )
    ),
)
async def get_order(order_id: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """The order. While it is looked at, its gateway is asked often."""
    shown = await find_order(services.db, principal.account_id, read_id("ord", order_id))
    return reply(OrderView.of(shown), headers=_look_again(shown))


@post(
    "/v1/orders/{order_id:str}/check",
    guards=[May(Scope.ORDERS_WRITE)],
    status_code=200,
    opt=told(
        Call(
            summary="Ask the gateway now",
            summary_id="Periksa pembayaran sekarang",
            tag="orders",
            answers={
                200: Answer(says="The order after asking.", body=_SHOWN, headers={RETRY_AFTER: LOOK_AGAIN})
            },
        )
    ),
)
async def check_order(order_id: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """Ask the order's gateway whether the money came, unless it was asked a moment ago."""
    wanted = read_id("ord", order_id)
    shown = await check(services.db, principal.account_id, wanted, gateways=services.gateways)
    return reply(OrderView.of(shown), headers=_look_again(shown))


@get(
    "/v1/orders/{order_id:str}/qris",
    guards=[May(Scope.ORDERS_WRITE)],
    opt=told(
        Call(
            summary="Show an order's QRIS code",
            summary_id="Lihat kode QRIS pesanan",
            tag="orders",
            answers={200: Answer(says="The code as SVG; below it until when it is to be paid.", body=_DRAWN)},
            refusals=(NoQrisCode,),
        )
    ),
)
async def get_order_qris(order_id: FromPath[str], principal: Caller, services: Parts) -> Response[bytes]:
    """The code to be scanned. It says when it ends; what is paid later counts as well."""
    shown = await find_order(services.db, principal.account_id, read_id("ord", order_id))
    return Response(draw_qris(shown).encode("ascii"), media_type=SVG)


def _look_again(shown: ShownOrder) -> dict[str, str]:
    after_s = shown.look_again_s(utc_now())
    return {} if after_s is None else {RETRY_AFTER: str(after_s)}


HANDLERS = [create_order, get_order, check_order, get_order_qris]
