"""`/v1/orders/{id}/refunds` over HTTP: the buyer asks and sees, a stranger does neither."""

from __future__ import annotations

import pytest

from bubuh.orders.collect import run_asking_pass
from bubuh.refunds.carry import carry_due
from tests.api.site import Json, Site


async def test_a_buyer_asks_for_money_back_and_sees_its_end(site: Site) -> None:
    person, stranger = await site.person(stamps=0), await site.person(stamps=0)
    placed = await person.post("/v1/orders", json={"stamps": 3, "method": "qris"}, key="order")
    order_id = placed.json()["id"]
    await site.gateway.pay(f"{order_id}-1")
    db, gateways = site.services.db, site.services.gateways
    await db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")
    await run_asking_pass(db, gateways)
    path = f"/v1/orders/{order_id}/refunds"
    assert (await person.get(path)).json() == {"refundable_idr": 30_000, "refunds": []}
    wanted = {"stamps": 2, "refundable_idr": 30_000, "reason": "tidak jadi"}
    asked = await person.post(path, json=wanted, key="refund")
    assert (asked.status_code, asked.json()["state"], asked.json()["amount_idr"]) == (201, "asked", 20_000)
    again = await person.post(path, json=wanted, key="refund")
    assert (again.json(), again.headers["idempotent-replayed"]) == (asked.json(), "true")
    moved = await person.post(path, json=wanted, key="other")
    assert (moved.status_code, moved.json()["code"]) == (409, "refundable_moved")
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(path, json=wanted, key="refund")).status_code == 404
    await carry_due(db, gateways)
    (shown,) = (await person.get(path)).json()["refunds"]
    assert (shown["id"], shown["state"]) == (asked.json()["id"], "done")
    moves = (await person.get("/v1/quota/movements")).json()["data"]
    assert [(move["id"], move["kind"]) for move in moves] == [
        (shown["id"], "capture"),
        (shown["id"], "hold"),
        (order_id, "allot"),
    ]


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"stamps": 0}, "stamps_out_of_range", "/stamps"),
        ({"stamps": -1}, "stamps_out_of_range", "/stamps"),
        ({"stamps": 10**30}, "stamps_out_of_range", "/stamps"),
        ({"stamps": 1.5}, "invalid_request", "/stamps"),
        ({"stamps": "1"}, "invalid_request", "/stamps"),
        ({"refundable_idr": -1}, "invalid_request", "/refundable_idr"),
        ({"refundable_idr": 10**30}, "invalid_request", "/refundable_idr"),
        ({"reason": ""}, "refund_unexplained", "/reason"),
        ({"reason": " " * 10}, "refund_unexplained", "/reason"),
        ({"reason": "x" * 10_000}, "refund_unexplained", "/reason"),
        ({"reason": "a\0b"}, "invalid_request", ""),
        ({"reason": None}, "invalid_request", "/reason"),
        ({"more": 1}, "invalid_request", "/more"),
    ],
)
async def test_an_odd_wish_for_money_back_is_refused_in_words(
    site: Site, change: Json, code: str, pointer: str
) -> None:
    person = await site.person(stamps=0)
    order_id = (await person.post("/v1/orders", json={"stamps": 3, "method": "qris"}, key="order")).json()[
        "id"
    ]
    wanted = {"stamps": 1, "refundable_idr": 30_000, "reason": "tidak jadi"} | change
    refused = await person.post(f"/v1/orders/{order_id}/refunds", json=wanted, key="refund")
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json().get("pointer", "") == pointer
