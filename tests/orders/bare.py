"""Orders that no gateway has heard of."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.orders import store
from bubuh.orders.model import NewOrder, WantedOrder
from bubuh.payments.model import Method


def bare_order(
    account_id: AccountId,
    order_id: UUID | None = None,
    *,
    stamps: int = 1,
    valid_s: float = 3600.0,
    is_only: bool = False,
) -> NewOrder:
    """One to be written."""
    return NewOrder(
        id=order_id or fresh_id(account_id),
        account_id=account_id,
        actor="test",
        wanted=WantedOrder(stamps=stamps, method=Method.QRIS),
        gateway="development",
        valid_s=valid_s,
        is_only=is_only,
    )


async def place_bare(
    where: Conn | Database,
    account_id: AccountId,
    order_id: UUID,
    *,
    stamps: int,
    valid_s: float = 0.0,
    is_only: bool = False,
) -> str:
    """Write an order with its attempt; what became of it."""
    new = bare_order(account_id, order_id, stamps=stamps, valid_s=valid_s, is_only=is_only)
    (placed,) = await store.place_n(where, shard_of_account(account_id), [new])
    return str(placed.outcome)
