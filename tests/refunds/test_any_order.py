"""Notices, questions, expiries, reversals and refunds in any order: one book, and every rupiah explained."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.quota.show import show_quota
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.carry import carry_due
from bubuh.refunds.model import AskedRefund
from bubuh.refunds.show import show_refunds
from tests.gateway_dev.rig import Shop, make_principal
from tests.orders.bare import place_bare
from tests.orders.test_money_rules import assert_explained, back
from tests.orders.test_orders import payment

PAID = {"a": 20_000, "b": 15_000, "c": 5_000, "d": 1}  #: the gateway's payments by their number
REVERSED = {"r": ("a", 20_000), "s": ("b", 5_000), "t": ("b", 10_000)}

steps = st.lists(
    st.one_of(
        st.sampled_from(sorted(PAID)).map(lambda no: ("pay", no)),
        st.sampled_from(sorted(REVERSED)).map(lambda no: ("reverse", no)),
        st.sampled_from(["expire", "return", "carry"]).map(lambda act: (act, "")),
        st.sampled_from(["1", "2"]).map(lambda stamps: ("refund", stamps)),
    ),
    max_size=9,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_whatever_happens_no_rupiah_is_unexplained(
    shop: Shop, owner_conn: Conn, steps: Sequence[tuple[str, str]]
) -> None:
    shop = replace(shop, principal=make_principal())
    order_id = fresh_id(shop.account_id)
    await place_bare(shop.db, shop.account_id, order_id, stamps=2)
    for act, what in steps:
        match act:
            case "pay":
                await OrderBooks(shop.db).settle([payment(shop, order_id, PAID[what], no=what)])
            case "reverse":
                payment_no, amount_idr = REVERSED[what]
                await back(shop, order_id, amount_idr, no=what, payment_no=payment_no)
            case "expire":
                async with shop.db.connection() as conn:
                    await store.expire_n(conn, shop.principal.shard, at_most=10)
            case "return":
                await owner_conn.execute("UPDATE payment_unmatched SET listed_at = now() - interval '1 h'")
                async with shop.db.connection() as conn:
                    await store.return_n(conn, shop.principal.shard, grace_s=0, at_most=10)
            case "refund":
                shown = await show_refunds(shop.db, shop.account_id, order_id)
                asked = AskedRefund(
                    order_id=order_id,
                    stamps=int(what),
                    refundable_idr=shown.refundable_idr,
                    reason="tidak jadi",
                )
                with suppress(Refusal):  # the rules may say no; then nothing moved
                    await ask_refund(
                        shop.db,
                        asked,
                        refund_id=fresh_id(shop.account_id),
                        account_id=shop.account_id,
                        limit_idr=10**9,
                        actor="usr",
                    )
            case _:
                await carry_due(shop.db, shop.gateways)
        await assert_explained(shop)
    quota = await show_quota(shop.db, shop.account_id)
    assert quota.free + quota.held <= 2
