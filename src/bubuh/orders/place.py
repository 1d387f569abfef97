"""Place an order, and bring it to a gateway."""

from __future__ import annotations

from uuid import UUID

from bubuh.db.pool import Database
from bubuh.identity.model import Principal
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.orders.model import VALID_S, Placed, WantedOrder
from bubuh.orders.show import show_order
from bubuh.payments.ask import reach
from bubuh.payments.model import Method
from bubuh.payments.open_attempt import open_attempt
from bubuh.payments.ports import Gateways
from bubuh.payments.steady import choose_gateway
from bubuh.quota.share import refuse_child


async def place(
    principal: Principal,
    *,
    stamps: int,
    method: Method,
    order_id: UUID,
    db: Database,
    gateways: Gateways,
    valid_s: float = VALID_S,
) -> Placed:
    """Place an order for the principal's account under the caller's id; a replay shows it as it is now.

    `placed` is committed with its attempt before the gateway is called, outside any transaction. Should the
    gateway not answer, the order stands without `payment`, and a replay or the asking job completes it with
    the same reference.

    Raises:
        ChildAccount: the account lives on its parent's stamps.
        StampsOutOfRange: none, or too many for one order.
        MethodUnknown: no gateway here collects money so.
        IdempotencyConflict: the id stands for another request.
    """
    wanted = WantedOrder(stamps=stamps, method=method)
    gateway = choose_gateway(gateways, method)
    replayed = await _commit(principal, wanted, order_id, db=db, gateway=gateway.name, valid_s=valid_s)
    account_id = principal.account_id
    await reach(db, gateways, OrderBooks(db), account_id=account_id, order_id=order_id)
    return Placed(shown=await show_order(db, account_id, order_id), replayed=replayed)


async def _commit(
    principal: Principal, wanted: WantedOrder, order_id: UUID, *, db: Database, gateway: str, valid_s: float
) -> bool:
    """Write the order and its attempt in one commit. True: the same request has done so before."""
    account_id = principal.account_id
    async with db.transaction() as conn:
        await refuse_child(conn, account_id)
        outcome = await store.place(
            conn, wanted, order_id=order_id, account_id=account_id, actor=principal.actor, valid_s=valid_s
        )
        if outcome == "conflict":
            raise IdempotencyConflict
        if outcome == "done":
            order = await store.find(conn, account_id=account_id, order_id=order_id)
            assert order is not None, "an order that was just placed is there"
            await open_attempt(
                conn,
                account_id=account_id,
                order_id=order_id,
                gateway=gateway,
                method=order.method,
                amount_idr=order.amount_idr,
                expires_at=order.expires_at,
            )
    return outcome == "already_done"
