"""Each fault that the script knows, alone: what its customer sees of it, and what becomes of the money."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bubuh.orders.collect import run_asking_pass, run_notices_pass
from bubuh.orders.model import OrderState
from bubuh.orders.show import show_order
from bubuh.payments.model import reference_of
from bubuh.payments.refusals import GatewayMisspoke, GatewayUnavailable
from tests.gateway_dev.rig import Inbox, Shop


async def heard(shop: Shop, inbox: Inbox, notices: int) -> None:
    """So many notices were answered, and processed."""
    await inbox.until(notices)
    while await run_notices_pass(shop.db, shop.gateways):
        pass


async def paid(shop: Shop, **how: Any) -> str:
    """An order of three stamps that is paid; its reference."""
    reference = reference_of((await shop.place(3)).shown.order.id)
    await shop.running.pay(reference, **how)
    return reference


async def ask_again(shop: Shop) -> None:
    await shop.db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")
    await run_asking_pass(shop.db, shop.gateways)


async def test_delay(shop: Shop, inbox: Inbox) -> None:
    await shop.running.script(delay_s=0.5)
    begun = time.monotonic()
    await paid(shop)
    await heard(shop, inbox, 1)
    assert time.monotonic() - begun >= 0.5
    assert (inbox.answers, await shop.free()) == ([200], 3)


async def test_lose(shop: Shop, inbox: Inbox) -> None:
    await shop.running.script(lose=1)
    await paid(shop)
    assert (inbox.answers, await shop.free()) == ([], 0)
    await ask_again(shop)
    assert await shop.free() == 3


async def test_repeat(shop: Shop, inbox: Inbox) -> None:
    await shop.running.script(repeat=1, copies=4)
    await paid(shop)
    await heard(shop, inbox, 5)
    assert (inbox.answers, await shop.free()) == ([200] * 5, 3)
    assert await shop.db.fetchval("SELECT count(*) FROM payment_notices") == 1


async def test_reorder(shop: Shop, inbox: Inbox) -> None:
    """A notice waits for the next one to overtake it: the first payment is told after the second."""
    await shop.running.script(reorder=1)
    reference = await paid(shop, amount=10_000)
    await shop.running.script()
    await shop.running.pay(reference, amount=20_000)
    await heard(shop, inbox, 2)
    rows = await shop.db.fetch("SELECT body FROM payment_notices ORDER BY received_at")
    assert [row["body"].count(b'"payment_no"') for row in rows] == [2, 1]
    assert await shop.free() == 3


async def test_forge(shop: Shop, inbox: Inbox) -> None:
    await shop.running.script(forge=1)
    placed = (await shop.place(3)).shown.order
    await heard(shop, inbox, 1)
    order = (await show_order(shop.db, shop.account_id, placed.id)).order
    assert (inbox.answers, order.state, await shop.free()) == ([401], OrderState.PLACED, 0)


@pytest.mark.parametrize(("off_idr", "free", "back_idr"), [(-1, 0, 0), (1, 3, 1)])
async def test_a_wrong_amount(shop: Shop, inbox: Inbox, off_idr: int, free: int, back_idr: int) -> None:
    await shop.running.script(amount_off_idr=off_idr)
    await paid(shop)
    await heard(shop, inbox, 1)
    assert await shop.free() == free
    sql = "SELECT coalesce(sum(amount_idr), 0)::bigint FROM refunds WHERE account_id = $1"
    assert await shop.db.fetchval(sql, shop.account_id) == back_idr


async def test_paid_after_its_end_and_paid_twice(shop: Shop, inbox: Inbox) -> None:
    reference = reference_of((await shop.place(3)).shown.order.id)
    assert await shop.gateway.cancel(reference) is not None
    for _ in range(2):
        await shop.running.pay(reference, insist=True)
    await heard(shop, inbox, 3)  # one of them says that it was closed
    assert await shop.free() == 3
    sql = "SELECT kind, amount_idr FROM refunds WHERE account_id = $1"
    assert [tuple(row) for row in await shop.db.fetch(sql, shop.account_id)] == [("surplus", 30_000)]


@pytest.mark.parametrize(
    ("faults", "fault"),
    [
        ({"fail": 1}, GatewayUnavailable),
        ({"garbage": 1}, GatewayMisspoke),
        ({"outage_s": 3_600}, GatewayUnavailable),
    ],
)
async def test_calls_that_fail(shop: Shop, faults: dict[str, float], fault: type[GatewayUnavailable]) -> None:
    """Also half an hour of it: the order stands, and is completed when the gateway is back."""
    await shop.running.script(lose=1, **faults)
    placed = (await shop.place(3)).shown
    with pytest.raises(fault):
        await shop.gateway.status(reference_of(placed.order.id))
    assert (placed.order.state, placed.payment) == (OrderState.PLACED, None)
    await shop.running.script(lose=1)
    await ask_again(shop)
    assert (await show_order(shop.db, shop.account_id, placed.order.id)).payment is not None


async def test_an_outage_holds_notices_back_and_payers_pay(shop: Shop, inbox: Inbox) -> None:
    reference = reference_of((await shop.place(3)).shown.order.id)
    await shop.running.script(outage_s=0.5)
    await shop.running.pay(reference)
    await asyncio.sleep(0.1)
    assert inbox.answers == []
    await heard(shop, inbox, 1)
    assert await shop.free() == 3


async def test_slow(shop: Shop) -> None:
    await shop.running.script(lose=1, slow_s=0.5)
    begun = time.monotonic()
    assert (await shop.place(3)).shown.payment is not None
    assert time.monotonic() - begun >= 0.5


@pytest.mark.parametrize("state", ["done", "pending", "failed"])
async def test_how_a_refund_stands(shop: Shop, state: str) -> None:
    await shop.running.script(lose=1, refund=state)  # type: ignore[arg-type]
    reference = await paid(shop)
    (payment,) = next(one for one in await shop.running.book() if one["reference"] == reference)["payments"]
    wanted = {"refund_no": "rfd-1", "payment_no": payment["payment_no"], "amount_idr": 10_000}
    answer = await shop.running.call("POST", f"/charges/{reference}/refunds", wanted)
    assert answer.json()["state"] == state
