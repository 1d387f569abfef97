"""Notices and questions, old ones and new, once and often, with expiries and settlement files between them:
however we hear of the gateway's book, ours is the same in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.db.pool import Conn
from bubuh.orders.collect import run_asking_pass, run_notices_pass
from bubuh.orders.expire import Expirer
from bubuh.orders.match_settlement import match_settlement
from bubuh.orders.model import OrderState
from bubuh.orders.show import show_order
from bubuh.payments.model import reference_of
from bubuh.payments.take_notice import take_notice
from tests.gateway_dev.rig import Shop, make_principal
from tests.orders.test_match_settlement import Lines, Paid, line
from tests.payments.test_inbox import signed

STAMPS = 2
AMOUNTS = (5_000, 15_000, 20_000)  #: what payers send; the price is 20,000

steps = st.lists(
    st.one_of(
        st.sampled_from(AMOUNTS).map(lambda amount: ("pay", amount)),
        st.integers(0, 2).map(lambda which: ("tell", which)),  # of the charge as it was so many payments ago
        st.sampled_from(["ask", "expire", "match"]).map(lambda act: (act, 0)),
    ),
    min_size=1,
    max_size=8,
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


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_in_whatever_order_the_gateways_book_is_heard_ours_is_the_same(
    shop: Shop, owner_conn: Conn, steps: Sequence[tuple[str, int]]
) -> None:
    shop = replace(shop, principal=make_principal())
    order = (await shop.place(STAMPS)).shown.order
    reference = reference_of(order.id)
    charges, taken_idr = list[dict[str, Any]](), 0
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
                heard = (await show_order(shop.db, shop.account_id, order.id)).order
                settled = [line(Paid(reference, order.amount_idr, ""))]
                await match_settlement(shop.db, [Lines(settled)])
                assert (await show_order(shop.db, shop.account_id, order.id)).order == heard
            case _:
                pass
    if charges:
        await tell(shop, charges[-1])  # the gateway tells until it is heard
    now = (await show_order(shop.db, shop.account_id, order.id)).order
    assert now.amount_paid_idr == taken_idr
    assert (now.state is OrderState.FILLED) == (taken_idr >= now.amount_idr)
    assert await shop.free() == (STAMPS if taken_idr >= now.amount_idr else 0)
    assert now.amount_returned_idr == (
        max(0, taken_idr - now.amount_idr) if now.state is OrderState.FILLED else 0
    )
