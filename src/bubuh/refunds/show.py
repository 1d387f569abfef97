"""Show what of an order went back."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, shard_of_id
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.orders.refusals import OrderUnknown
from bubuh.refunds import store
from bubuh.refunds.model import OrderRefunds, Refund

MOST_WAITING: Final = 1_000  #: of one shard


async def show_refunds(db: Database, account_id: AccountId, order_id: UUID) -> OrderRefunds:
    """The refunds of the account's order, and what may still go back; none of one that is not there."""
    async with db.connection() as conn:
        return OrderRefunds(
            refundable_idr=await store.refundable_idr(conn, account_id=account_id, order_id=order_id),
            refunds=tuple(await store.of_order(conn, account_id=account_id, order_id=order_id)),
        )


async def list_waiting(db: Database) -> list[Refund]:
    """The refunds that wait for a second person, to begin or to end; the oldest first."""
    found = [
        refund for shard in ALL_SHARDS for refund in await store.waiting(db, shard, at_most=MOST_WAITING)
    ]
    return sorted(found, key=lambda refund: refund.asked_at)


async def whose_order(db: Database, order_id: UUID) -> AccountId:
    """Whose an order is, for clerks; raises `OrderUnknown`."""
    account_id = await store.account_of_order(db, shard_of_id(order_id), order_id)
    if account_id is None:
        raise OrderUnknown(order_id=order_id)
    return account_id
