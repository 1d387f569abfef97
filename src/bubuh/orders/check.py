"""The buyer presses "periksa": ask the gateway now."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.orders.model import ShownOrder
from bubuh.orders.refusals import OrderUnknown
from bubuh.orders.show import find_order
from bubuh.payments.ask import ask_now
from bubuh.payments.ports import Gateways


async def check(db: Database, account_id: AccountId, order_id: UUID, *, gateways: Gateways) -> ShownOrder:
    """The order after asking the gateway, unless it was asked 2 s ago.

    Raises:
        OrderUnknown: the account has no such order.
        GatewayUnavailable: the gateway does not answer; the order is as it was.
    """
    if await store.find(db, account_id=account_id, order_id=order_id) is None:
        raise OrderUnknown(order_id=order_id)
    await ask_now(db, gateways, OrderBooks(db), account_id=account_id, order_id=order_id)
    return await find_order(db, account_id, order_id)
