"""Money that does not fit, each rule by name: it ends in quota, goes back, or lies on the unmatched list."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from bubuh.db.pool import Conn
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.orders.collect import run_asking_pass
from bubuh.orders.expire import Expirer
from bubuh.orders.model import Order, OrderState
from bubuh.orders.show import show_order
from bubuh.payments.lines import Kind, Line, Resolution
from bubuh.payments.model import ReceivedReversal, SettleOutcome, reference_of
from bubuh.payments.unmatched import resolve_line, show_unmatched
from bubuh.quota.invariants import Invariant, ask as ask_books
from bubuh.quota.show import show_quota
from bubuh.refunds.carry import carry_due
from bubuh.refunds.model import Refund, RefundKind, RefundState
from bubuh.refunds.show import show_refunds
from tests.gateway_dev.rig import Shop
from tests.orders.test_orders import PAID_AT, payment

BOOKS = (
    Invariant.CONSERVATION,
    Invariant.HELD_EQUALS_HOLDS,
    Invariant.HOLD_HAS_PURPOSE,
    Invariant.PAYMENT_ALLOTTED_ONCE,
    Invariant.PAYMENT_EXPLAINED,
    Invariant.STATES_FORWARD,
)


async def ask(shop: Shop) -> None:
    """The gateway is asked about everything now."""
    await shop.db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")
    await run_asking_pass(shop.db, shop.gateways)


async def order_of(shop: Shop, order_id: UUID) -> Order:
    return (await show_order(shop.db, shop.account_id, order_id)).order


async def refunds_of(shop: Shop, order_id: UUID) -> tuple[Refund, ...]:
    return (await show_refunds(shop.db, shop.account_id, order_id)).refunds


async def lines(shop: Shop) -> dict[Kind, Line]:
    return {line.kind: line for line in await show_unmatched(shop.db)}


async def over(shop: Shop, owner_conn: Conn, order_id: UUID, *, ago: str = "0 s") -> None:
    """The order's time is over."""
    sql = f"UPDATE orders SET expires_at = now() - interval '{ago}' WHERE id = $1"
    await owner_conn.execute(sql, order_id)
    await Expirer(shop.db).expire()


async def assert_explained(shop: Shop) -> None:
    """Not a rupiah and not a stamp of the account is unexplained."""
    for invariant in BOOKS:
        assert await ask_books(shop.db, invariant, shop.principal.shard) == []


def back(shop: Shop, order_id: UUID, amount_idr: int, *, no: str = "rev_1", payment_no: str = "pay_1") -> Any:
    reversal = ReceivedReversal(
        account_id=shop.account_id,
        order_id=order_id,
        gateway="development",
        reversal_no=no,
        payment_no=payment_no,
        amount_idr=amount_idr,
        reversed_at=PAID_AT,
    )
    return OrderBooks(shop.db).reverse(reversal)


async def settle(shop: Shop, order_id: UUID, *amounts: int) -> list[str]:
    payments = [payment(shop, order_id, amount, no=f"pay_{no}") for no, amount in enumerate(amounts, 1)]
    return [str(outcome) for outcome in await OrderBooks(shop.db).settle(payments)]


async def test_late_money_buys_what_was_ordered(shop: Shop, owner_conn: Conn) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await over(shop, owner_conn, order_id)
    assert await settle(shop, order_id, 30_000) == ["done"]
    assert (await order_of(shop, order_id)).state is OrderState.FILLED
    move = await shop.db.fetchval("SELECT move FROM order_events WHERE state = 'paid'")
    assert move == "pay_late"  # a correction, not the flow
    await assert_explained(shop)


async def test_double_money_goes_back_by_itself(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    reference = reference_of(order_id)
    await shop.running.pay(reference)
    await shop.running.pay(reference, insist=True)
    await ask(shop)
    order = await order_of(shop, order_id)
    assert (order.amount_paid_idr, order.amount_returned_idr) == (60_000, 30_000)
    assert await shop.free() == 3
    (refund,) = await refunds_of(shop, order_id)
    assert (refund.kind, refund.state, refund.amount_idr) == (RefundKind.SURPLUS, RefundState.ASKED, 30_000)
    assert await carry_due(shop.db, shop.gateways) == 1
    (refund,) = await refunds_of(shop, order_id)
    assert refund.state is RefundState.DONE
    (charge,) = [charge for charge in await shop.running.book() if charge["reference"] == reference]
    assert [(one["amount_idr"], one["state"]) for one in charge["refunds"]] == [(30_000, "done")]
    await assert_explained(shop)


async def test_too_much_fills_and_what_is_over_goes_back(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await shop.running.pay(reference_of(order_id), amount=30_001)
    await ask(shop)
    await carry_due(shop.db, shop.gateways)
    (refund,) = await refunds_of(shop, order_id)
    assert (refund.state, refund.amount_idr) == (RefundState.DONE, 1)
    assert await shop.free() == 3
    await assert_explained(shop)


async def test_partial_money_is_listed_and_the_rest_fills(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    assert await settle(shop, order_id, 20_000) == ["underpaid"]
    line = (await lines(shop))[Kind.UNDERPAID]
    assert (line.amount, line.order_id) == (20_000, order_id)
    await assert_explained(shop)
    assert await settle(shop, order_id, 20_000, 10_000) == ["underpaid", "done"]
    assert await lines(shop) == {}
    assert await shop.free() == 3
    await assert_explained(shop)


async def test_too_little_goes_back_when_the_rest_never_comes(shop: Shop, owner_conn: Conn) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await shop.running.pay(reference_of(order_id), amount=29_999)
    await ask(shop)
    await over(shop, owner_conn, order_id)
    assert Kind.UNDERPAID in await lines(shop)  # the rest may be on its way
    await owner_conn.execute("UPDATE payment_unmatched SET listed_at = now() - interval '1 h'")
    await over(shop, owner_conn, order_id, ago="11 min")
    assert await lines(shop) == {}
    await carry_due(shop.db, shop.gateways)
    (refund,) = await refunds_of(shop, order_id)
    assert (refund.state, refund.amount_idr) == (RefundState.DONE, 29_999)
    await assert_explained(shop)


async def test_the_rest_that_comes_too_late_counts_alone(shop: Shop, owner_conn: Conn) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 20_000)
    await owner_conn.execute("UPDATE payment_unmatched SET listed_at = now() - interval '1 h'")
    await over(shop, owner_conn, order_id, ago="11 min")
    assert await settle(shop, order_id, 20_000, 10_000) == ["underpaid", "underpaid"]
    assert (await lines(shop))[Kind.UNDERPAID].amount == 10_000
    assert await settle(shop, order_id, 20_000, 10_000, 20_000) == ["underpaid", "underpaid", "done"]
    assert await shop.free() == 3
    await assert_explained(shop)


async def test_other_money_is_never_credited(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await shop.running.pay(reference_of(order_id), amount=30_000, currency="SGD")
    await ask(shop)
    await ask(shop)
    assert await shop.free() == 0
    line = (await lines(shop))[Kind.OTHER_CURRENCY]
    assert (line.amount, line.currency, line.order_id) == (30_000, "SGD", order_id)
    await assert_explained(shop)


async def test_a_payment_told_with_two_amounts_counts_as_it_came_first_and_is_listed(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    books = OrderBooks(shop.db)
    told = [payment(shop, order_id, amount) for amount in (30_000, 30_001)]
    assert await books.settle(told) == ["done", "conflict"]
    assert (await lines(shop))[Kind.AMOUNT_DIFFERS].amount == 30_001
    await assert_explained(shop)


async def test_a_surplus_the_gateway_will_not_carry_is_listed(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await shop.running.pay(reference_of(order_id), amount=40_000)
    await ask(shop)
    await shop.running.call("PUT", "/script", {"refund": "failed", "lose": 1})
    await carry_due(shop.db, shop.gateways)
    (refund,) = await refunds_of(shop, order_id)
    assert refund.state is RefundState.FAILED
    assert (await lines(shop))[Kind.REFUND_FAILED].amount == 10_000
    await assert_explained(shop)


async def test_an_operator_disposes_of_what_was_paid_in_part(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 20_000)
    (line,) = await show_unmatched(shop.db)
    async with shop.db.transaction() as conn:
        await resolve_line(
            conn, line.id, resolution=Resolution.PAID_BACK, reason="sent by hand", actor="usr_1"
        )
    await assert_explained(shop)
    assert await settle(shop, order_id, 20_000, 10_000) == ["underpaid", "underpaid"]
    assert await shop.free() == 0
    await assert_explained(shop)


# ------------------------------------------------------------------ taken back by the bank


async def test_money_taken_back_takes_its_unused_stamps(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    reference = reference_of(order_id)
    await shop.running.pay(reference)
    await ask(shop)
    (charge,) = [charge for charge in await shop.running.book() if charge["reference"] == reference]
    await shop.running.reverse(reference, charge["payments"][0]["payment_no"])
    await shop.db.execute("UPDATE payment_attempts SET asked_at = NULL")
    await reask(shop, order_id)
    assert await shop.free() == 0
    (refund,) = await refunds_of(shop, order_id)
    assert (refund.kind, refund.state, refund.stamps) == (RefundKind.REVERSAL, RefundState.DONE, 3)
    assert await lines(shop) == {}
    await assert_explained(shop)


async def reask(shop: Shop, order_id: UUID) -> None:
    """What the gateway says of a paid attempt, as a notice would bring it."""
    from bubuh.payments import store as payments
    from bubuh.payments.model import Word
    from bubuh.payments.take_in import take_in

    (attempt,) = await payments.find_attempts(shop.db, account_id=shop.account_id, order_id=order_id)
    charge = await shop.gateway.status(attempt.reference)
    assert charge is not None
    for _ in range(2):
        await take_in(shop.db, [Word(attempt=attempt, charge=charge)], OrderBooks(shop.db))


async def test_money_taken_back_after_use_freezes_and_is_never_below_zero(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 30_000)
    await use(shop, 2)
    assert await back(shop, order_id, 30_000) is SettleOutcome.DONE
    quota = await show_quota(shop.db, shop.account_id)
    assert (quota.free, quota.frozen) == (0, True)
    line = (await lines(shop))[Kind.REVERSAL]
    assert line.amount == 20_000
    acts = await shop.db.fetch("SELECT act FROM audit_entries WHERE account_id = $1", shop.account_id)
    assert [row["act"] for row in acts] == ["account.freeze"]
    topics = {row["topic"] for row in await shop.db.fetch("SELECT topic FROM outbox_facts")}
    assert {"account.frozen", "payment.reversed"} <= topics
    await assert_explained(shop)


async def use(shop: Shop, stamps: int) -> None:
    """The stamps go to another account: here they are gone, whatever for."""
    from bubuh.core.ids import fresh_id
    from bubuh.quota.transfer import transfer
    from tests.quota.desk import Desk

    async with shop.db.transaction() as conn:
        await conn.execute(
            "INSERT INTO accounts (id, kind, name) VALUES ($1, 'person', 'x') ON CONFLICT DO NOTHING",
            shop.account_id,
        )
    other = await Desk(shop.db).account()
    async with shop.db.transaction() as conn:
        await transfer(
            conn,
            ref=fresh_id(shop.account_id),
            giver=shop.account_id,
            receiver=other,
            stamps=stamps,
            actor="usr",
        )


async def test_a_reversal_counts_once_however_often_it_is_told(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 30_000)
    outcomes = await asyncio.gather(*(back(shop, order_id, 10_000) for _ in range(10)))
    assert sorted(outcomes) == ["already_done"] * 9 + ["done"]
    assert await back(shop, order_id, 10_001) is SettleOutcome.CONFLICT
    assert await shop.free() == 2
    await assert_explained(shop)


async def test_part_of_a_partial_payment_taken_back_is_no_longer_owed(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 20_000)
    await back(shop, order_id, 5_000)
    assert (await lines(shop))[Kind.UNDERPAID].amount == 15_000
    await assert_explained(shop)
    await back(shop, order_id, 15_000, no="rev_2")
    assert await lines(shop) == {}
    assert await settle(shop, order_id, 20_000, 30_000) == ["underpaid", "done"]
    await assert_explained(shop)


async def test_money_taken_back_that_went_back_already_is_listed(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 30_000, 30_000)
    await back(shop, order_id, 30_000, payment_no="pay_2")
    assert (await lines(shop))[Kind.REVERSAL].amount == 30_000
    assert await shop.free() == 3
    await assert_explained(shop)


async def test_a_reversal_of_what_never_came_is_listed(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    assert await back(shop, order_id, 30_000) is SettleOutcome.UNKNOWN
    assert await store.find(shop.db, account_id=shop.account_id, order_id=order_id) is not None


@pytest.mark.parametrize("first", ["settle", "expire"])
async def test_settling_and_returning_at_once_leave_nothing_over(
    shop: Shop, owner_conn: Conn, first: str
) -> None:
    orders = [(await shop.place(3)).shown.order.id for _ in range(8)]
    for order_id in orders:
        await settle(shop, order_id, 20_000)
    await owner_conn.execute("UPDATE payment_unmatched SET listed_at = now() - interval '1 h'")
    await owner_conn.execute("UPDATE orders SET expires_at = now() - interval '1 h'")
    work = [settle(shop, order_id, 20_000, 10_000) for order_id in orders]
    turns = [*work, Expirer(shop.db).expire()] if first == "settle" else [Expirer(shop.db).expire(), *work]
    await asyncio.gather(*turns)
    await Expirer(shop.db).expire()
    await assert_explained(shop)
