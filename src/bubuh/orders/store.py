"""The statements of orders, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import columns, load_queries
from bubuh.orders.model import Order, OrderState, WantedOrder
from bubuh.payments.model import Method, ReceivedPayment, ReceivedReversal, SettleOutcome

SQL = load_queries("bubuh.orders")

PlaceOutcome = Literal["done", "already_done", "conflict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is known here of a reference that a settlement file may name."""

    reference: str
    account_id: AccountId
    order_id: UUID
    payment_no: str | None  #: None: nothing was paid
    amount_idr: int | None


async def place(
    conn: Conn, wanted: WantedOrder, *, order_id: UUID, account_id: AccountId, actor: str, valid_s: float
) -> PlaceOutcome:
    """Write a new order, or say whether the one of this id came from the same request."""
    outcome = await conn.fetchval(
        SQL.place.sql,
        shard_of_account(account_id),
        order_id,
        account_id,
        wanted.sha256,
        wanted.stamps,
        str(wanted.method),
        wanted.amount_idr,
        actor,
        valid_s,
    )
    return cast("PlaceOutcome", outcome)


async def find(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> Order | None:
    """The account's order, or None."""
    row = await conn.fetchrow(SQL.find.sql, shard_of_account(account_id), account_id, order_id)
    if row is None:
        return None
    return Order(**{**row, "state": OrderState(row["state"]), "method": Method(row["method"])})


async def settle_n(db: Database, shard: Shard, payments: Sequence[ReceivedPayment]) -> list[SettleOutcome]:
    """Record payments of one shard (each order at most once) and fill what they cover, in one commit."""
    names = ("order_id", "account_id", "gateway", "payment_no", "amount_idr", "paid_at")
    rows = await db.fetch(SQL.settle_n.sql, shard, *columns(payments, *names))
    return [SettleOutcome(row["outcome"]) for row in rows]


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
