"""Money back: stamps are held first, nothing goes back twice, and the end is found out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.core.ids import fresh_id, show_id
from bubuh.db.pool import Conn
from bubuh.history.show import list_order_events
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.orders.refusals import OrderUnknown
from bubuh.payments.lines import Kind, Resolution
from bubuh.payments.model import REFUND, GatewayRefund, RefundWord, WantedRefund, reference_of
from bubuh.payments.refusals import GatewayRefused, GatewayUnavailable
from bubuh.payments.unmatched import resolve_line, show_unmatched
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted, StampsOutOfRange
from bubuh.quota.show import show_quota
from bubuh.refunds import store
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.carry import carry_due
from bubuh.refunds.decide import decide
from bubuh.refunds.end import end_refund
from bubuh.refunds.list_overdue import list_overdue
from bubuh.refunds.model import AskedRefund, DueRefund, Ending, Refund, RefundState
from bubuh.refunds.moves import BY_HAND, MOVES
from bubuh.refunds.refusals import (
    OrderNotFilled,
    RefundableMoved,
    RefundNotOverdue,
    RefundNotWaiting,
    RefundTooLarge,
    RefundUnexplained,
    RefundUnknown,
    SamePerson,
)
from bubuh.refunds.show import list_waiting, show_refunds, whose_order
from tests.gateway_dev.rig import SECRET, Shop, closed_port
from tests.orders.test_money_rules import ask as ask_gateways, assert_explained, back, settle, use

S = RefundState
LIMIT_IDR = 20_000


async def bought(shop: Shop, stamps: int = 3) -> UUID:
    """An order that was paid at the gateway and is filled."""
    order_id = (await shop.place(stamps)).shown.order.id
    await shop.running.pay(reference_of(order_id))
    await ask_gateways(shop)
    return order_id


async def ask(
    shop: Shop,
    order_id: UUID,
    stamps: int,
    refundable_idr: int,
    *,
    refund_id: UUID | None = None,
    actor: str = "usr_a",
    limit_idr: int = LIMIT_IDR,
) -> Refund:
    refund, _ = await ask_refund(
        shop.db,
        AskedRefund(order_id=order_id, stamps=stamps, refundable_idr=refundable_idr, reason="tidak jadi"),
        refund_id=refund_id or fresh_id(shop.account_id),
        account_id=shop.account_id,
        limit_idr=limit_idr,
        actor=actor,
    )
    return refund


async def state_of(shop: Shop, refund: Refund) -> RefundState:
    found = await store.find(shop.db, account_id=shop.account_id, refund_id=refund.id)
    assert found is not None
    return found.state


async def has(shop: Shop) -> tuple[int, int]:
    quota = await show_quota(shop.db, shop.account_id)
    return quota.free, quota.held


async def make_due(conn: Conn) -> None:
    await conn.execute("UPDATE refunds SET next_try_at = now() WHERE next_try_at IS NOT NULL")


async def test_stamps_are_held_first_and_paid_back_at_the_gateways_word(shop: Shop) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 2, 30_000)
    assert (refund.state, refund.amount_idr, await has(shop)) == (S.ASKED, 20_000, (1, 2))
    await assert_explained(shop)
    assert await carry_due(shop.db, shop.gateways) == 1
    assert (await state_of(shop, refund), await has(shop)) == (S.DONE, (1, 0))
    sink = await shop.db.fetchval(
        "SELECT sum(stamps)::bigint FROM quota_transfers WHERE credit = 'paid_back'"
    )
    assert sink == 2
    shown = await show_refunds(shop.db, shop.account_id, order_id)
    assert (shown.refundable_idr, [one.state for one in shown.refunds]) == (10_000, [S.DONE])
    moves = await shop.db.fetch("SELECT move FROM refund_events ORDER BY at, state")
    assert {row["move"] for row in moves} == {"ask", "send", "pay_back"}
    await assert_explained(shop)


async def test_a_failed_refund_gives_its_stamps_back(shop: Shop) -> None:
    order_id = await bought(shop)
    await shop.running.call("PUT", "/script", {"refund": "failed", "lose": 1})
    refund = await ask(shop, order_id, 2, 30_000)
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await has(shop)) == (S.FAILED, (3, 0))
    assert (await show_refunds(shop.db, shop.account_id, order_id)).refundable_idr == 30_000
    await assert_explained(shop)


@pytest.mark.parametrize(("end", "free"), [("done", 1), ("failed", 3)])
async def test_the_hold_stays_while_the_end_is_not_known(
    shop: Shop, owner_conn: Conn, end: str, free: int
) -> None:
    order_id = await bought(shop)
    await shop.running.call("PUT", "/script", {"refund": "pending", "lose": 1})
    refund = await ask(shop, order_id, 2, 30_000)
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await has(shop)) == (S.PENDING, (1, 2))
    for fault in ({"fail": 1}, {"garbage": 1}):
        await shop.running.script(lose=1, **fault)
        await make_due(owner_conn)
        await carry_due(shop.db, shop.gateways)
        assert (await state_of(shop, refund), await has(shop)) == (S.PENDING, (1, 2))
    await shop.running.script(lose=1)
    (charge,) = [one for one in await shop.running.book() if one["reference"] == reference_of(order_id)]
    path = f"/charges/{charge['reference']}/refunds/{charge['refunds'][0]['refund_no']}"
    assert (await shop.running.call("PUT", path, {"state": end})).status_code == 200
    await make_due(owner_conn)
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await has(shop)) == (S(end), (free, 0))
    await assert_explained(shop)


class Forgetful(DevelopmentGateway):
    """Carries a refund, and the answer is lost on its way."""

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        await super().refund(wanted)
        raise GatewayUnavailable("the line was cut")


async def test_a_lost_answer_gives_nothing_back_twice(shop: Shop, owner_conn: Conn) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 2, 30_000)
    forgetful = Forgetful(lambda: shop.running.address, [SECRET])
    await carry_due(shop.db, {"development": forgetful})
    await forgetful.close()
    assert (await state_of(shop, refund), await has(shop)) == (S.UNKNOWN, (1, 2))
    await make_due(owner_conn)
    await carry_due(shop.db, shop.gateways)
    assert await state_of(shop, refund) is S.DONE
    (charge,) = [one for one in await shop.running.book() if one["reference"] == reference_of(order_id)]
    assert len(charge["refunds"]) == 1
    await assert_explained(shop)


async def test_a_dead_gateway_is_asked_again(shop: Shop, owner_conn: Conn) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 1, 30_000)
    dead = DevelopmentGateway(closed_port(), [SECRET])
    assert await carry_due(shop.db, {"development": dead}) == 1
    await dead.close()
    assert await carry_due(shop.db, shop.gateways) == 0  # put off
    assert await state_of(shop, refund) is S.UNKNOWN
    assert await shop.db.fetchval("SELECT fault FROM refunds") == "gateway_unavailable"
    await make_due(owner_conn)
    await carry_due(shop.db, shop.gateways)
    assert await state_of(shop, refund) is S.DONE


class Refusing(DevelopmentGateway):
    """Takes no refund, and does not say that it never will."""

    async def refund(self, wanted: WantedRefund) -> GatewayRefund:
        raise GatewayRefused(f"no funds for {wanted.refund_no}")


async def test_a_refund_that_nobody_settles_is_listed_until_its_end(shop: Shop, owner_conn: Conn) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 1, 30_000)
    waits = await ask(shop, order_id, 2, 20_000, limit_idr=0)
    refusing = Refusing(lambda: shop.running.address, [SECRET])
    await carry_due(shop.db, {"development": refusing})
    await refusing.close()
    shard = shop.principal.shard
    assert await list_overdue(shop.db, shard) == 0  # not yet a day
    assert [await list_overdue(shop.db, shard, after_s=0.0) for _ in range(3)] == [1, 0, 0]
    (line,) = await show_unmatched(shop.db)
    assert (line.kind, line.order_id, line.amount) == (Kind.REFUND_OVERDUE, order_id, 10_000)
    assert line.why == "no end is known of this refund: unknown, gateway_refused"
    assert line.show()["subject"] == show_id(REFUND, refund.id)
    shown = await show_refunds(shop.db, shop.account_id, order_id)
    assert {one.id: one.is_overdue for one in shown.refunds} == {refund.id: True, waits.id: False}
    events = await list_order_events(shop.db, shop.account_id, order_id)
    assert [one.state for one in events if one.amount_idr == 10_000] == ["asked", "unknown", "overdue"]
    await make_due(owner_conn)
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await show_unmatched(shop.db)) == (S.DONE, [])
    shown = await show_refunds(shop.db, shop.account_id, order_id)
    assert not any(one.is_overdue for one in shown.refunds)
    await assert_explained(shop)


async def test_a_refund_at_no_gateway_of_ours_is_listed_and_resolved_with_a_reason(
    shop: Shop, owner_conn: Conn
) -> None:
    """Its gateway was left out of the file. Whoever resolves the line moves nothing by that."""
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 2, 30_000)
    await carry_due(shop.db, {})
    shard = shop.principal.shard
    assert await list_overdue(shop.db, shard, after_s=0.0) == 1
    (line,) = await show_unmatched(shop.db)
    reason = "dikirim lewat bank, bukti 12"
    async with shop.db.transaction() as conn:
        await resolve_line(conn, line.id, resolution=Resolution.PAID_BACK, reason=reason, actor="usr_o")
    assert await show_unmatched(shop.db) == []
    acts = await shop.db.fetch("SELECT act, actor, facts FROM audit_entries ORDER BY no DESC LIMIT 1")
    assert [(row["act"], row["actor"]) for row in acts] == [("payments.resolve", "usr_o")]
    assert reason in str(acts[0]["facts"])
    assert await list_overdue(shop.db, shard, after_s=0.0) == 0
    assert (await state_of(shop, refund), await has(shop)) == (S.UNKNOWN, (1, 2))


async def overdue(shop: Shop, order_id: UUID, stamps: int) -> Refund:
    """A refund of 30,000's order that is on the list, as its gateway was left out of the file."""
    refund = await ask(shop, order_id, stamps, 30_000, limit_idr=10**9)
    await carry_due(shop.db, {})
    assert await list_overdue(shop.db, shop.principal.shard, after_s=0.0) == 1
    return refund


async def end(
    shop: Shop, refund: Refund, ending: Ending, *, actor: str = "usr_a", reason: str = "kata banknya"
) -> Refund:
    return await end_refund(
        shop.db, refund.id, ending=ending, reason=reason, limit_idr=LIMIT_IDR, actor=actor
    )


@pytest.mark.parametrize(("ending", "free"), [(Ending.DONE, 1), (Ending.FAILED, 3)])
async def test_an_operator_ends_what_is_overdue_and_its_gateway_is_asked_no_more(
    shop: Shop, owner_conn: Conn, ending: Ending, free: int
) -> None:
    refund = await overdue(shop, await bought(shop), 2)
    ended = await end(shop, refund, ending)
    assert (ended.state, ended.is_overdue, await has(shop)) == (S(ending), False, (free, 0))
    assert await show_unmatched(shop.db) == []  # the line went by itself
    move = await shop.db.fetchval("SELECT move FROM refund_events WHERE state = $1", str(ending))
    assert move == BY_HAND[S.UNKNOWN][ended.state].name
    acts = await shop.db.fetch("SELECT act, actor, facts FROM audit_entries ORDER BY no DESC LIMIT 1")
    assert [(row["act"], row["actor"]) for row in acts] == [("refund.end", "usr_a")]
    assert "kata banknya" in acts[0]["facts"]
    topics = {row["topic"] for row in await shop.db.fetch("SELECT topic FROM outbox_facts")}
    assert f"refund.{ending}" in topics
    await make_due(owner_conn)
    assert await carry_due(shop.db, shop.gateways) == 0
    (charge,) = [one for one in await shop.running.book() if one["reference"] == reference_of(ended.order_id)]
    assert charge["refunds"] == []
    with pytest.raises(RefundNotOverdue):
        await end(shop, refund, ending, actor="usr_b")
    await assert_explained(shop)


async def test_above_the_limit_two_people_say_the_same_end(shop: Shop) -> None:
    refund = await overdue(shop, await bought(shop), 3)
    told = await end(shop, refund, Ending.DONE)
    assert (told.state, told.end_told, await has(shop)) == (S.UNKNOWN, Ending.DONE, (0, 3))
    assert [one.end_told for one in await list_waiting(shop.db)] == [Ending.DONE]
    with pytest.raises(SamePerson):
        await end(shop, refund, Ending.DONE)
    other = await end(shop, refund, Ending.FAILED, actor="usr_b")  # in place of the first word
    assert (other.state, other.end_told) == (S.UNKNOWN, Ending.FAILED)
    ended = await end(shop, refund, Ending.FAILED)
    assert (ended.state, ended.end_told, await has(shop)) == (S.FAILED, None, (3, 0))
    assert await list_waiting(shop.db) == []
    acts = await shop.db.fetch("SELECT act, actor FROM audit_entries ORDER BY no DESC LIMIT 3")
    told_by = [("refund.end", "usr_a"), ("refund.tell_end", "usr_b"), ("refund.tell_end", "usr_a")]
    assert [tuple(row) for row in acts] == told_by
    await assert_explained(shop)


async def test_a_gateway_s_word_that_comes_first_ends_what_one_person_spoke_of(
    shop: Shop, owner_conn: Conn
) -> None:
    refund = await overdue(shop, await bought(shop), 3)
    await end(shop, refund, Ending.FAILED)
    await make_due(owner_conn)
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await has(shop)) == (S.DONE, (0, 0))
    assert await list_waiting(shop.db) == []
    with pytest.raises(RefundNotOverdue):
        await end(shop, refund, Ending.FAILED, actor="usr_b")
    await assert_explained(shop)


async def test_a_gateway_that_contradicts_an_operator_is_listed(shop: Shop) -> None:
    """It was being asked while the operator spoke."""
    refund = await overdue(shop, await bought(shop), 1)
    await end(shop, refund, Ending.FAILED)
    due = DueRefund(
        account_id=shop.account_id,
        id=refund.id,
        order_id=refund.order_id,
        gateway="development",
        payment_no="",
        amount_idr=10_000,
        reason="",
        before=S.UNKNOWN,
        reference=None,
        method=None,
    )
    assert await store.record_word(shop.db, due, word="done", why=None) == "conflict"
    (line,) = await show_unmatched(shop.db)
    assert (line.kind, line.amount) == (Kind.REFUND_CONTRADICTED, 10_000)
    assert await has(shop) == (3, 0)
    await assert_explained(shop)


async def test_a_surplus_that_an_operator_gives_up_is_listed_to_be_sent_by_hand(
    shop: Shop, owner_conn: Conn
) -> None:
    """Its gateway rested all day: the refund was never sent."""
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 40_000)
    assert await list_overdue(shop.db, shop.principal.shard, after_s=0.0) == 1
    (refund,) = (await show_refunds(shop.db, shop.account_id, order_id)).refunds
    assert (await end(shop, refund, Ending.FAILED)).state is S.FAILED
    (line,) = await show_unmatched(shop.db)
    assert (line.kind, line.amount) == (Kind.REFUND_FAILED, 10_000)
    await assert_explained(shop)


async def test_what_an_operator_cannot_end(shop: Shop) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 1, 30_000)
    with pytest.raises(RefundNotOverdue):
        await end(shop, refund, Ending.DONE)
    with pytest.raises(RefundUnexplained):
        await end(shop, refund, Ending.DONE, reason=" ")
    with pytest.raises(RefundUnknown):
        await end(shop, replace(refund, id=fresh_id(shop.account_id)), Ending.DONE)
    assert (await state_of(shop, refund), await has(shop)) == (S.ASKED, (2, 1))


async def test_who_waits_for_a_second_person_is_overdue_from_their_word_on(
    shop: Shop, owner_conn: Conn
) -> None:
    order_id = await bought(shop)
    waits = await ask(shop, order_id, 2, 30_000, limit_idr=0)
    await owner_conn.execute("UPDATE refunds SET asked_at = now() - interval '2 days'")
    shard = shop.principal.shard
    assert await list_overdue(shop.db, shard) == 0
    await decide(shop.db, waits.id, agrees=True, actor="usr_b")
    assert await list_overdue(shop.db, shard) == 0
    assert await list_overdue(shop.db, shard, after_s=0.0) == 1


async def test_two_workers_and_a_crash_send_one_refund(shop: Shop, owner_conn: Conn) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 2, 30_000)
    for _ in range(3):
        await asyncio.gather(*(carry_due(shop.db, shop.gateways) for _ in range(3)))
        await make_due(owner_conn)
    assert await state_of(shop, refund) is S.DONE
    (charge,) = [one for one in await shop.running.book() if one["reference"] == reference_of(order_id)]
    assert [one["amount_idr"] for one in charge["refunds"]] == [20_000]


async def test_two_clerks_cannot_refund_twice(shop: Shop) -> None:
    order_id = await bought(shop)
    asked = [ask(shop, order_id, 1, 30_000, actor=f"usr_{no}") for no in range(6)]
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["Refund"] + ["RefundableMoved"] * 5
    assert await has(shop) == (2, 1)


async def test_a_replay_shows_the_same_refund(shop: Shop) -> None:
    order_id = await bought(shop)
    refund_id = fresh_id(shop.account_id)
    first = await ask(shop, order_id, 2, 30_000, refund_id=refund_id)
    assert await ask(shop, order_id, 2, 30_000, refund_id=refund_id) == first
    with pytest.raises(IdempotencyConflict):
        await ask(shop, order_id, 1, 30_000, refund_id=refund_id)
    assert await has(shop) == (1, 2)


async def test_above_the_limit_two_different_people_are_needed(shop: Shop) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 3, 30_000)
    assert (refund.state, await has(shop)) == (S.WAITING, (0, 3))
    assert await carry_due(shop.db, shop.gateways) == 0
    assert [one.id for one in await list_waiting(shop.db)] == [refund.id]
    with pytest.raises(SamePerson):
        await decide(shop.db, refund.id, agrees=True, actor="usr_a")
    assert (await decide(shop.db, refund.id, agrees=True, actor="usr_b")).state is S.ASKED
    with pytest.raises(RefundNotWaiting):
        await decide(shop.db, refund.id, agrees=False, actor="usr_c")
    await carry_due(shop.db, shop.gateways)
    assert (await state_of(shop, refund), await has(shop)) == (S.DONE, (0, 0))
    acts = await shop.db.fetch("SELECT act, actor FROM audit_entries ORDER BY no")
    assert [tuple(row) for row in acts] == [("refund.ask", "usr_a"), ("refund.approve", "usr_b")]
    await assert_explained(shop)


async def test_what_is_declined_gives_its_stamps_back(shop: Shop) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 3, 30_000)
    assert (await decide(shop.db, refund.id, agrees=False, actor="usr_b")).state is S.DECLINED
    assert await has(shop) == (3, 0)
    assert (await show_refunds(shop.db, shop.account_id, order_id)).refundable_idr == 30_000
    await assert_explained(shop)


async def test_what_cannot_be_asked_back(shop: Shop) -> None:
    order_id = await bought(shop)
    with pytest.raises(RefundTooLarge) as too_large:
        await ask(shop, order_id, 4, 30_000)
    assert too_large.value.details == {"most_idr": 30_000}
    with pytest.raises(RefundableMoved) as moved:
        await ask(shop, order_id, 1, 29_999)
    assert moved.value.details == {"refundable_idr": 30_000}
    with pytest.raises(StampsOutOfRange):
        await ask(shop, order_id, 0, 30_000)
    with pytest.raises(OrderUnknown):
        await ask(shop, fresh_id(shop.account_id), 1, 30_000)
    with pytest.raises(OrderUnknown):
        await whose_order(shop.db, fresh_id(shop.account_id))
    with pytest.raises(RefundUnexplained):
        AskedRefund(order_id=order_id, stamps=1, refundable_idr=30_000, reason=" ")
    with pytest.raises(RefundUnknown):
        await decide(shop.db, fresh_id(shop.account_id), agrees=True, actor="usr_b")
    unpaid = (await shop.place(1)).shown.order.id
    with pytest.raises(OrderNotFilled):
        await ask(shop, unpaid, 1, 0)
    assert await has(shop) == (3, 0)
    assert await whose_order(shop.db, order_id) == shop.account_id


async def test_used_stamps_are_not_paid_back(shop: Shop) -> None:
    order_id = await bought(shop)
    await use(shop, 2)
    with pytest.raises(QuotaExhausted):
        await ask(shop, order_id, 2, 30_000)
    await back(shop, order_id, 30_000, payment_no=await payment_no(shop, order_id))
    with pytest.raises(RefundableMoved):
        await ask(shop, order_id, 1, 30_000)


async def payment_no(shop: Shop, order_id: UUID) -> str:
    return str(await shop.db.fetchval("SELECT payment_no FROM order_payments WHERE order_id = $1", order_id))


async def test_a_frozen_account_is_paid_nothing_back(shop: Shop) -> None:
    order_id = await bought(shop)
    await shop.db.fetchval("SELECT quota_freeze($1, $2)", shop.principal.shard, shop.account_id)
    with pytest.raises(AccountFrozen):
        await ask(shop, order_id, 1, 30_000)


async def test_money_goes_back_to_one_payment(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    await settle(shop, order_id, 20_000, 10_000)
    with pytest.raises(RefundTooLarge) as refused:
        await ask(shop, order_id, 3, 30_000)
    assert refused.value.details == {"most_idr": 20_000}
    await ask(shop, order_id, 2, 30_000)
    await ask(shop, order_id, 1, 10_000)
    paid = await shop.db.fetch("SELECT payment_no, amount_idr FROM refunds ORDER BY payment_no")
    assert [tuple(row) for row in paid] == [("pay_1", 20_000), ("pay_2", 10_000)]
    await assert_explained(shop)


async def test_an_end_that_is_contradicted_moves_nothing_and_is_listed(shop: Shop) -> None:
    order_id = await bought(shop)
    refund = await ask(shop, order_id, 2, 30_000)
    await carry_due(shop.db, shop.gateways)
    due = DueRefund(
        account_id=shop.account_id,
        id=refund.id,
        order_id=order_id,
        gateway="development",
        payment_no="",
        amount_idr=20_000,
        reason="",
        before=S.DONE,
        reference=None,
        method=None,
    )
    assert await store.record_word(shop.db, due, word="failed", why=None) == "conflict"
    assert await store.record_word(shop.db, due, word=str(RefundWord.DONE), why=None) == "already_done"
    assert (await state_of(shop, refund), await has(shop)) == (S.DONE, (1, 0))
    (line,) = await show_unmatched(shop.db)
    assert line.kind is Kind.REFUND_CONTRADICTED
    await assert_explained(shop)


async def test_sql_moves_refunds_as_the_table_says(shop: Shop) -> None:
    """What is recorded of every state a refund was in is one path through the table."""
    order_id = await bought(shop)
    await ask(shop, order_id, 1, 30_000)
    waits = await ask(shop, order_id, 2, 20_000, limit_idr=0)
    await decide(shop.db, waits.id, agrees=True, actor="usr_b")
    await carry_due(shop.db, shop.gateways)
    rows = await shop.db.fetch("SELECT refund_id, state, move FROM refund_events")
    names = {(after, move.name) for arrows in MOVES.values() for after, move in arrows.items()}
    starts = {(S.WAITING, "ask_above_limit"), (S.ASKED, "ask")}
    assert {(S(row["state"]), row["move"]) for row in rows} <= names | starts
    assert len(rows) == 3 + 4
