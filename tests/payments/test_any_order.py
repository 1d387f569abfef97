"""Notices and questions, old and new, once and often, with expiries, refunds and settlement files between:
however we hear of the gateway's book, ours is the same in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn
from bubuh.orders.collect import run_asking_pass, run_notices_pass
from bubuh.orders.expire import Expirer
from bubuh.orders.match_settlement import match_settlement
from bubuh.orders.model import OrderState
from bubuh.orders.show import show_order
from bubuh.payments.model import reference_of
from bubuh.payments.take_notice import take_notice
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.carry import carry_due
from bubuh.refunds.model import AskedRefund
from bubuh.refunds.show import show_refunds
from tests.gateway_dev.rig import Shop, make_principal
from tests.orders.test_match_settlement import Lines, Paid, line
from tests.orders.test_money_rules import assert_explained
from tests.payments.test_inbox import signed
from tests.refunds.test_any_order import books

STAMPS = 2
AMOUNTS = (5_000, 15_000, 20_000)  #: what payers send; the price is 20,000

#: every way to hear of a charge or to act upon it, at least once in each history
EVERY = [
    ("tell", 0),
    ("tell", 1),  # of the charge as it was one payment ago
    ("ask", 0),
    ("expire", 0),
    ("match", 0),
    ("match", 1),  # of another amount
    ("refund", 0),
    ("refund", 0),
    ("carry", 0),
]
steps = st.lists(st.sampled_from(AMOUNTS), min_size=1, max_size=3).flatmap(
    lambda amounts: st.permutations([*(("pay", amount) for amount in amounts), *EVERY])
)


async def tell(shop: Shop, charge: dict[str, Any]) -> None:
    """A notice of `charge`, under a number of its own."""
    raw, headers = signed({"event_id": f"evt_{uuid4().hex}", "charge": charge})
    assert await take_notice(raw, headers, gateway=shop.gateway, db=shop.db, now=datetime.now(UTC))
    assert await run_notices_pass(shop.db, shop.gateways) == 1


async def ask(shop: Shop) -> None:
    await shop.db.execute(
        "UPDATE payment_attempts SET next_ask_at = now() WHERE account_id = $1 AND state <> 'paid'",
        shop.account_id,
    )
    await run_asking_pass(shop.db, shop.gateways)


async def ask_back(shop: Shop, order_id: UUID) -> int:
    """Ask for the money of a stamp; how many stamps that are, as the rules may say no."""
    shown = await show_refunds(shop.db, shop.account_id, order_id)
    asked = AskedRefund(order_id=order_id, stamps=1, refundable_idr=shown.refundable_idr, reason="tidak jadi")
    try:
        await ask_refund(
            shop.db,
            asked,
            refund_id=fresh_id(shop.account_id),
            account_id=shop.account_id,
            limit_idr=10**9,
            actor="usr",
        )
    except Refusal:
        return 0
    return 1


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_in_whatever_order_the_gateways_book_is_heard_ours_is_the_same(
    shop: Shop, owner_conn: Conn, steps: Sequence[tuple[str, int]]
) -> None:
    shop = replace(shop, principal=make_principal())
    order = (await shop.place(STAMPS)).shown.order
    reference = reference_of(order.id)
    charges, taken_idr, asked_back = list[dict[str, Any]](), 0, 0
    for act, what in steps:
        match act:
            case "pay":
                charges.append(await shop.running.pay(reference, amount=what, insist=True))
                taken_idr += what
            case "tell" if charges:
                await tell(shop, charges[max(0, len(charges) - 1 - what)])
            case "ask":
                await ask(shop)
            case "expire":
                sql = "UPDATE {} SET expires_at = now() - interval '1 s' WHERE account_id = $1"
                await owner_conn.execute(sql.format("orders"), shop.account_id)
                await owner_conn.execute(sql.format("payment_attempts"), shop.account_id)
                await Expirer(shop.db).expire()
            case "match":
                before = await books(shop, order.id)
                settled = line(Paid(reference, order.amount_idr + what, ""))
                await match_settlement(shop.db, [Lines([settled, settled])])
                assert await books(shop, order.id) == before
            case "refund":
                asked_back += await ask_back(shop, order.id)
            case "carry":
                await carry_due(shop.db, shop.gateways)
            case _:
                pass
    if charges:
        await tell(shop, charges[-1])  # the gateway tells until it is heard
    now = (await show_order(shop.db, shop.account_id, order.id)).order
    assert now.amount_paid_idr == taken_idr
    assert (now.state is OrderState.FILLED) == (taken_idr >= now.amount_idr)
    assert await shop.free() == (STAMPS - asked_back if taken_idr >= now.amount_idr else 0)
    assert now.amount_returned_idr == (
        max(0, taken_idr - now.amount_idr) if now.state is OrderState.FILLED else 0
    )
    await carry_due(shop.db, shop.gateways)
    (told,) = [one for one in await shop.running.book() if one["reference"] == reference]
    gone = sum(one["amount_idr"] for one in told["refunds"])
    assert gone == now.amount_returned_idr + asked_back * 10_000
    assert now.amount_paid_idr - gone == (STAMPS - asked_back) * 10_000 or now.state is not OrderState.FILLED
    await assert_explained(shop)
