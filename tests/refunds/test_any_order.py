"""Notices, questions, expiries, reversals, refunds, operators' words and settlement lines in any order: one
book, every rupiah explained, and none booked by a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn
from bubuh.orders import store
from bubuh.orders.books import OrderBooks
from bubuh.orders.match_settlement import match_settlement
from bubuh.orders.show import show_order
from bubuh.payments.model import reference_of
from bubuh.payments.settlement import GatewayLine
from bubuh.quota.show import show_quota
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.carry import carry_due
from bubuh.refunds.end import end_refund
from bubuh.refunds.list_overdue import list_overdue
from bubuh.refunds.model import AskedRefund, Ending
from bubuh.refunds.show import show_refunds
from tests.gateway_dev.rig import Shop, make_principal
from tests.orders.bare import place_bare
from tests.orders.test_money_rules import assert_explained, back
from tests.orders.test_orders import PAID_AT, payment

PAID = {"a": 20_000, "b": 15_000, "c": 5_000, "d": 1}  #: the gateway's payments by their number
REVERSED = {"r": ("a", 20_000), "s": ("b", 5_000), "t": ("b", 10_000)}

steps = st.lists(
    st.one_of(
        st.sampled_from(sorted(PAID)).map(lambda no: ("pay", no)),
        st.sampled_from(sorted(REVERSED)).map(lambda no: ("reverse", no)),
        st.sampled_from(["expire", "return", "carry"]).map(lambda act: (act, "")),
        st.sampled_from(["1", "2"]).map(lambda stamps: ("refund", stamps)),
        st.sampled_from(list(Ending)).map(lambda ending: ("end", str(ending))),
        st.sampled_from([*sorted(PAID), "unheard of", "a twice"]).map(lambda what: ("match", what)),
        st.sampled_from(["10000", "20000", "5000"]).map(lambda idr: ("match back", idr)),
    ),
    max_size=9,
)


@dataclass(frozen=True)
class File:
    """A gateway's file, read already."""

    held: tuple[GatewayLine, ...]
    name: str = "settled.csv"

    def lines(self) -> Iterator[GatewayLine]:
        return iter(self.held)


def settled(order_id: UUID, what: str) -> tuple[GatewayLine, ...]:
    """What a file says of payment `what`, or of one that nobody told of, or twice of one."""
    line = GatewayLine(
        gateway="development",
        reference=reference_of(order_id),
        amount_idr=PAID.get(what[:1], 12_345) if what != "unheard of" else 12_345,
        net_idr=1,
        paid_at=PAID_AT,
        payout="p1",
    )
    return (line, line) if what == "a twice" else (line,)


def given_back(order_id: UUID, amount_idr: int) -> GatewayLine:
    """What a file says of money that went back."""
    (line,) = settled(order_id, "a")
    return replace(line, amount_idr=-amount_idr, net_idr=-amount_idr)


async def went_back(shop: Shop, amount_idr: int) -> bool:
    """Whether our books know of money of this amount that went back, or was taken back by a bank."""
    sql = """SELECT EXISTS (SELECT FROM refunds WHERE account_id = $1 AND amount_idr = $2
                               AND kind <> 'reversal' AND state IN ('unknown', 'pending', 'done'))
                 OR EXISTS (SELECT FROM order_reversals WHERE account_id = $1 AND amount_idr = $2)"""
    return bool(await shop.db.fetchval(sql, shop.account_id, amount_idr))


async def end_all(shop: Shop, ending: Ending) -> None:
    """An operator ends all that is at work, as if a day had passed."""
    await list_overdue(shop.db, shop.principal.shard, after_s=0.0)
    sql = "SELECT id FROM refunds WHERE account_id = $1 AND overdue_at IS NOT NULL AND ended_at IS NULL"
    for row in await shop.db.fetch(sql, shop.account_id):
        await end_refund(
            shop.db, row["id"], ending=ending, reason="kata banknya", limit_idr=10**9, actor="usr"
        )


async def books(shop: Shop, order_id: UUID) -> tuple[object, ...]:
    """All that a file must not touch."""
    order = (await show_order(shop.db, shop.account_id, order_id)).order
    refunds = await show_refunds(shop.db, shop.account_id, order_id)
    return order, await show_quota(shop.db, shop.account_id), refunds


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
            case "match":
                before = await books(shop, order_id)
                await match_settlement(shop.db, [File(settled(order_id, what))])
                assert await books(shop, order_id) == before
            case "match back":
                before, idr = await books(shop, order_id), int(what)
                matched = await match_settlement(shop.db, [File((given_back(order_id, idr),))])
                assert (matched.returned == 1) == await went_back(shop, idr)
                assert await books(shop, order_id) == before
            case "end":
                await end_all(shop, Ending(what))
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
