"""Show an order to its owner."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.model import ShownOrder
from bubuh.orders.refusals import NoQrisCode, OrderUnknown
from bubuh.payments.qris_svg import qris_svg
from bubuh.payments.store import look


async def find_order(db: Database, account_id: AccountId, order_id: UUID) -> ShownOrder:
    """The account's order and how to pay it. Looking has the gateway asked often for the next 15 minutes.

    Raises:
        OrderUnknown: the account has no such order.
    """
    shown = await show_order(db, account_id, order_id)
    if shown.is_unseen:
        await look(db, account_id=account_id, order_id=order_id)
    return shown


async def show_order(db: Database, account_id: AccountId, order_id: UUID) -> ShownOrder:
    """The same, and nobody learns that it was looked at; raises `OrderUnknown`."""
    shown = await store.find(db, account_id=account_id, order_id=order_id)
    if shown is None:
        raise OrderUnknown(order_id=order_id)
    return shown


def draw_qris(shown: ShownOrder) -> str:
    """The order's code as SVG, with the moment its order expires; raises `NoQrisCode`."""
    if shown.payment is None or shown.payment.qris is None:
        raise NoQrisCode
    return qris_svg(shown.payment.qris, expires_at=shown.order.expires_at)
