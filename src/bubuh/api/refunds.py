"""`/v1/orders/{id}/refunds`: a buyer asks for the money of unused stamps, and sees what went back and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self

import msgspec
from litestar import get, post
from litestar.params import FromPath

from bubuh.api.reply import REPLAYED, AnyRequest, Caller, ClientKey, Parts, Reply, replay_header, reply
from bubuh.core.ids import derived_id, read_id, show_id
from bubuh.edge.bodies import read_json
from bubuh.edge.calls import Answer, Body, Call, told
from bubuh.edge.guards import May
from bubuh.identity.model import Scope
from bubuh.orders.model import MOST_STAMPS
from bubuh.orders.show import show_order
from bubuh.payments.model import REFUND
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted, StampsOutOfRange
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.model import MOST_IDR, AskedRefund, OrderRefunds, Refund, RefundKind, RefundState
from bubuh.refunds.refusals import OrderNotFilled, RefundableMoved, RefundTooLarge, RefundUnexplained
from bubuh.refunds.show import show_refunds

ROUTE: Final = "POST /v1/orders/{id}/refunds"


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many unused stamps, and what of the order may still go back, as the caller saw it."""

    stamps: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MOST_STAMPS})]
    refundable_idr: Annotated[int, msgspec.Meta(ge=0, le=MOST_IDR)]
    reason: str


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money that goes or went back."""

    id: str
    kind: RefundKind
    state: RefundState
    stamps: int
    amount_idr: int
    reason: str
    asked_at: datetime
    ended_at: datetime | None
    is_overdue: bool  # no end is known for a day: our staff ask the gateway

    @classmethod
    def of(cls, refund: Refund) -> Self:
        """The view of a refund."""
        return cls(
            id=show_id(REFUND, refund.id),
            kind=refund.kind,
            state=refund.state,
            stamps=refund.stamps,
            amount_idr=refund.amount_idr,
            reason=refund.reason,
            asked_at=refund.asked_at,
            ended_at=refund.ended_at,
            is_overdue=refund.is_overdue,
        )


class RefundsView(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order went back, and what may."""

    refundable_idr: int  # for stamps of it that are not used
    refunds: list[RefundView]  # the oldest first

    @classmethod
    def of(cls, found: OrderRefunds) -> Self:
        """The view of an order's refunds."""
        return cls(
            refundable_idr=found.refundable_idr, refunds=[RefundView.of(refund) for refund in found.refunds]
        )


_EXAMPLE: Final = {
    "id": "rfd_0G3ZMVQ2H49Q8S2NXW5T7R6K1P",
    "kind": "asked",
    "state": "asked",
    "stamps": 2,
    "amount_idr": 20000,
    "reason": "tidak jadi dipakai",
    "asked_at": "2026-11-22T07:00:00Z",
    "ended_at": None,
    "is_overdue": False,
}


@post(
    "/v1/orders/{order_id:str}/refunds",
    guards=[May(Scope.ORDERS_WRITE)],
    opt=told(
        Call(
            summary="Ask for money back",
            summary_id="Minta uang kembali",
            tag="orders",
            body=Body(
                shape=NewRefund,
                example={"stamps": 2, "refundable_idr": 30000, "reason": "tidak jadi dipakai"},
            ),
            answers={
                201: Answer(
                    says="The refund; its stamps are held until its end is known.",
                    body=Body(shape=RefundView, example=_EXAMPLE),
                    headers={REPLAYED: "`true` when it was asked for before."},
                )
            },
            creates=True,
            refusals=(
                StampsOutOfRange,
                RefundUnexplained,
                OrderNotFilled,
                RefundableMoved,
                RefundTooLarge,
                QuotaExhausted,
                AccountFrozen,
            ),
        )
    ),
)
async def create_refund(
    request: AnyRequest,
    order_id: FromPath[str],
    principal: Caller,
    idempotency_key: ClientKey,
    services: Parts,
) -> Reply:
    """Hold unused stamps of an order and have their money sent back, to the payment that it came by."""
    new = await read_json(request, NewRefund)
    wanted = read_id("ord", order_id)
    refund, replayed = await ask_refund(
        services.db,
        AskedRefund(order_id=wanted, stamps=new.stamps, refundable_idr=new.refundable_idr, reason=new.reason),
        refund_id=derived_id(principal.account_id, ROUTE, idempotency_key),
        account_id=principal.account_id,
        limit_idr=services.refund_limit_idr,
        actor=principal.actor,
    )
    return reply(RefundView.of(refund), status=201, headers=replay_header(replayed=replayed))


@get(
    "/v1/orders/{order_id:str}/refunds",
    guards=[May(Scope.ORDERS_WRITE)],
    opt=told(
        Call(
            summary="What of an order went back",
            summary_id="Pengembalian dana sebuah pesanan",
            tag="orders",
            answers={
                200: Answer(
                    says="Its refunds, and what may still go back.",
                    body=Body(shape=RefundsView, example={"refundable_idr": 10000, "refunds": [_EXAMPLE]}),
                )
            },
        )
    ),
)
async def list_refunds(order_id: FromPath[str], principal: Caller, services: Parts) -> Reply:
    """The refunds of an order, also those that began by themselves."""
    wanted = read_id("ord", order_id)
    await show_order(services.db, principal.account_id, wanted)
    return reply(RefundsView.of(await show_refunds(services.db, principal.account_id, wanted)))


HANDLERS = [create_refund, list_refunds]
