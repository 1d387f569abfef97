"""The statements of orders, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, read_id, shard_of_id, show_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import SetAct
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.orders.model import NewOrder, Order, OrderState, PlaceOutcome, ShownOrder
from bubuh.payments.model import (
    REFUND,
    Method,
    PaymentDetails,
    ReceivedPayment,
    ReceivedReversal,
    SettleOutcome,
)

SQL = load_queries("bubuh.orders")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is known here of a reference that a settlement file may name."""

    reference: str
    account_id: AccountId
    order_id: UUID
    payment_no: str | None  #: None: nothing was paid
    amount_idr: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Money of a payment that went back: by a refund of ours, or by a bank."""

    asked_by: str  #: the reference or number by which it was looked for; else its number
    gateway: str
    account_id: AccountId
    order_id: UUID
    number: str  #: the refund's own as the gateway knows it, or the bank's of a reversal
    amount_idr: int


def _place_arguments(orders: Sequence[NewOrder]) -> Sequence[object]:
    return (
        [order.id for order in orders],
        [order.account_id for order in orders],
        [order.wanted.sha256 for order in orders],
        [order.wanted.stamps for order in orders],
        [str(order.wanted.method) for order in orders],
        [order.wanted.amount_idr for order in orders],
        [order.actor for order in orders],
        [order.valid_s for order in orders],
        [order.gateway for order in orders],
        [order.reference for order in orders],
        [order.is_only for order in orders],
    )


#: write new orders, each with its first attempt
place_n: Final = SetAct[NewOrder, PlaceOutcome](
    SQL.place_n.sql,
    _place_arguments,
    lambda _, row: PlaceOutcome(outcome=row["outcome"], order=None if row["id"] is None else _order(row)),
)


async def find(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> ShownOrder | None:
    """The account's order and how to pay it, or None."""
    row = await conn.fetchrow(SQL.find.sql, shard_of_account(account_id), account_id, order_id)
    if row is None:
        return None
    details = PaymentDetails(qris=row["qris"], va=row["va"], pay_url=row["pay_url"])
    is_told = details != PaymentDetails()
    return ShownOrder(
        order=_order(row), payment=details if is_told else None, is_unseen=bool(row["is_unseen"])
    )


#: record payments (each order at most once) and fill what they cover
settle_n: Final = SetAct[ReceivedPayment, SettleOutcome](
    SQL.settle_n.sql,
    lambda payments: columns(
        payments, "order_id", "account_id", "gateway", "payment_no", "amount_idr", "paid_at"
    ),
    lambda _, row: SettleOutcome(row["outcome"]),
)


async def reverse(db: Database, reversal: ReceivedReversal) -> SettleOutcome:
    """Take back what a bank took back of a payment."""
    outcome = await db.fetchval(
        SQL.reverse.sql,
        reversal.shard,
        reversal.account_id,
        reversal.order_id,
        reversal.gateway,
        reversal.reversal_no,
        reversal.payment_no,
        reversal.amount_idr,
        reversal.reversed_at,
    )
    return SettleOutcome(outcome)


async def return_n(conn: Conn, shard: Shard, *, grace_s: float, at_most: int) -> int:
    """Give back what came for expired orders of one shard and does not cover them; how many payments."""
    return int(await conn.fetchval(SQL.return_n.sql, shard, grace_s, at_most))


async def read_clock(db: Database) -> datetime:
    """The database's clock, by which orders expire."""
    moment: datetime = await db.fetchval(SQL.read_clock.sql)
    return moment


async def expire_n(conn: Conn, shard: Shard, *, at_most: int) -> list[UUID]:
    """Expire orders of one shard whose time is over; their ids."""
    return [row["id"] for row in await conn.fetch(SQL.expire_n.sql, shard, at_most)]


async def list_settled(db: Database, shard: Shard, gateway: str, references: Sequence[str]) -> list[Settled]:
    """What is known of references of one gateway, a row a payment; none of a reference that is not here."""
    rows = await db.fetch(SQL.list_settled.sql, shard, gateway, references)
    return [Settled(**row) for row in rows]


async def list_paid_between(
    db: Database, shard: Shard, gateway: str, *, since: datetime, until: datetime
) -> list[Settled]:
    """Every payment of a shard by one gateway from `since` to `until`, both in it."""
    rows = await db.fetch(SQL.list_paid_between.sql, shard, gateway, since, until)
    return [Settled(**row) for row in rows]


async def list_returned(db: Database, shard: Shard, gateway: str, numbers: Sequence[str]) -> list[Returned]:
    """What of one gateway went back or is on its way, by references of payments or numbers of refunds."""
    ids = [read_id(REFUND, number) for number in numbers if number.startswith(f"{REFUND}_")]
    rows = await db.fetch(SQL.list_returned.sql, shard, gateway, numbers, ids)
    return [_returned(row) for row in rows]


async def list_returned_between(
    db: Database, shard: Shard, gateway: str, *, since: datetime, until: datetime
) -> list[Returned]:
    """What went back by one gateway from `since` to `until`, both in it."""
    rows = await db.fetch(SQL.list_returned_between.sql, shard, gateway, since, until)
    return [_returned(row) for row in rows]


async def find_returned(db: Database, refund_id: UUID) -> Returned | None:
    """A refund that went to its gateway, by its id; None: there is none."""
    row = await db.fetchrow(SQL.find_returned.sql, shard_of_id(refund_id), refund_id)
    return None if row is None else _returned(row)


def _returned(row: Row) -> Returned:
    number = row["reversal_no"] if row["refund_id"] is None else show_id(REFUND, row["refund_id"])
    return Returned(
        asked_by=row["reference"] or number,
        gateway=row["gateway"],
        account_id=row["account_id"],
        order_id=row["order_id"],
        number=number,
        amount_idr=row["amount_idr"],
    )


def _order(row: Row) -> Order:
    return Order(
        id=row["id"],
        account_id=row["account_id"],
        state=OrderState(row["state"]),
        stamps=row["stamps"],
        method=Method(row["method"]),
        amount_idr=row["amount_idr"],
        amount_paid_idr=row["amount_paid_idr"],
        amount_returned_idr=row["amount_returned_idr"],
        placed_at=row["placed_at"],
        expires_at=row["expires_at"],
    )
