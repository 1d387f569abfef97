"""Place an order, and bring it to a gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from bubuh.db.batch import Batch, OneByOne
from bubuh.db.pool import Database
from bubuh.db.self_clocked import SelfClocked
from bubuh.identity.model import Principal
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.orders.model import VALID_S, NewOrder, Placed, PlaceOutcome, ShownOrder, WantedOrder
from bubuh.orders.refusals import OneOrder
from bubuh.orders.show import show_order
from bubuh.payments.ask import WordBatch, reach, reach_first
from bubuh.payments.model import Method
from bubuh.payments.ports import Gateways
from bubuh.payments.steady import choose_gateway
from bubuh.payments.store import record_n
from bubuh.quota.refusals import ChildAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBatches:
    """What many buyers do at once: each of the two is one commit for all who are at it."""

    orders: Batch[NewOrder, PlaceOutcome]
    words: WordBatch

    @classmethod
    def self_clocked(cls, db: Database) -> Self:
        """Over `db`, for one process."""
        return cls(
            orders=SelfClocked.over(db, store.place_n, name="place", key=lambda new: new.id),
            words=SelfClocked.over(
                db, record_n, name="record", key=lambda word: (word.attempt.order_id, word.attempt.no)
            ),
        )

    @classmethod
    def one_by_one(cls, db: Database) -> Self:
        """Each a commit of its own."""
        return cls(orders=OneByOne(db, store.place_n), words=OneByOne(db, record_n))


async def place(
    principal: Principal,
    *,
    stamps: int,
    method: Method,
    order_id: UUID,
    db: Database,
    gateways: Gateways,
    batches: PlaceBatches | None = None,
    valid_s: float = VALID_S,
    is_only: bool = False,
) -> Placed:
    """Place an order for the principal's account under the caller's id; a replay shows it as it is now.

    `placed` is committed with its attempt before the gateway is called, outside any transaction. Should the
    gateway not answer, the order stands without `payment`, and a replay or the asking job completes it with
    the same reference. `is_only`: an account has no second open order, as while people queue.

    Raises:
        ChildAccount: the account lives on its parent's stamps.
        StampsOutOfRange: none, or too many for one order.
        MethodUnknown: no gateway here collects money so.
        IdempotencyConflict: the id stands for another request.
        OneOrder: `is_only`, and another order of the account waits for its money.
    """
    new = NewOrder(
        id=order_id,
        account_id=principal.account_id,
        actor=principal.actor,
        wanted=WantedOrder(stamps=stamps, method=method),
        gateway=choose_gateway(gateways, method).name,
        valid_s=valid_s,
        is_only=is_only,
    )
    batches = batches or PlaceBatches.one_by_one(db)
    placed = await batches.orders.submit(new.shard, new)
    if placed.outcome == "child":
        raise ChildAccount(account_id=new.account_id)
    if placed.outcome == "one_order":
        raise OneOrder
    if placed.outcome == "conflict":
        raise IdempotencyConflict
    if placed.outcome == "already_done":
        await reach(db, gateways, OrderBooks(db), account_id=new.account_id, order_id=order_id)
        return Placed(shown=await show_order(db, new.account_id, order_id), replayed=True)
    assert placed.order is not None, "an order that was just placed is there"
    payment = await reach_first(db, gateways, OrderBooks(db), new.attempt(placed.order), batch=batches.words)
    return Placed(shown=ShownOrder(order=placed.order, payment=payment), replayed=False)
