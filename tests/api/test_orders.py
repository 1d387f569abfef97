from __future__ import annotations

from uuid import uuid4

import pytest

from bubuh.orders.collect import run_notices_pass
from tests.api.site import Json, Person, Site, together


async def order(person: Person, *, key: str | None = None, **body: object) -> tuple[int, Json]:
    wanted = {"stamps": 2, "method": "qris", **body}
    answer = await person.post("/v1/orders", key=key or str(uuid4()), json=wanted)
    return answer.status_code, answer.json()


async def test_an_order_says_how_to_pay_it(site: Site) -> None:
    person = await site.person(stamps=0)
    status, placed = await order(person, method="va")
    assert status == 201
    assert (placed["state"], placed["amount_idr"], placed["stamps"]) == ("placed", 20_000, 2)
    assert placed["payment"]["va"]
    assert placed["payment"]["qris"] is None
    seen = await person.get(f"/v1/orders/{placed['id']}")
    assert (seen.json(), seen.headers["retry-after"]) == (placed, "2")


async def test_a_paid_order_is_filled_when_it_is_checked(site: Site) -> None:
    person = await site.person(stamps=0)
    _, placed = await order(person)
    await site.gateway.pay(f"{placed['id']}-1")
    checked = await person.post(f"/v1/orders/{placed['id']}/check")
    assert (checked.status_code, checked.json()["state"]) == (200, "filled")
    assert "retry-after" not in checked.headers
    assert checked.json()["amount_paid_idr"] == 20_000
    assert await person.free() == 2
    movements = (await person.get("/v1/quota/movements")).json()["data"]
    assert [(one["kind"], one["id"], one["stamps"]) for one in movements] == [("allot", placed["id"], 2)]


async def test_repeating_an_order_buys_nothing_twice(site: Site) -> None:
    person, key = await site.person(), str(uuid4())
    body = {"stamps": 2, "method": "qris"}
    answers = await together(*(person.post("/v1/orders", key=key, json=body) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 4
    status, problem = await order(person, key=key, stamps=3)
    assert (status, problem["code"]) == (422, "idempotency_conflict")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"stamps": 0}, "/stamps", "stamps_out_of_range"),
        ({"stamps": 1_001}, "/stamps", "stamps_out_of_range"),
        ({"stamps": 10**40}, "/stamps", "stamps_out_of_range"),
        ({"stamps": 1.5}, "/stamps", "invalid_request"),
        ({"stamps": "2"}, "/stamps", "invalid_request"),
        ({"method": "cash"}, "/method", "invalid_request"),
        ({"amount_idr": 1}, "/amount_idr", "invalid_request"),
    ],
)
async def test_a_bad_order_names_its_member(site: Site, body: Json, pointer: str, code: str) -> None:
    status, problem = await order(await site.person(), **body)
    assert (status, problem["pointer"], problem["code"]) == (422, pointer, code)


async def test_foreign_and_unknown_orders_look_equal(site: Site) -> None:
    owner, stranger = await site.person(), await site.person()
    _, placed = await order(owner)
    told = []
    for identity in (placed["id"], "ord_" + "0" * 26, "nonsense"):
        for method, tail in (("GET", ""), ("POST", "/check")):
            answer = await stranger.call(method, f"/v1/orders/{identity}{tail}")
            assert answer.status_code == 404
            told.append({**answer.json(), "request_id": None, "instance": None})
    assert all(one == told[0] for one in told)


async def test_a_gateways_notice_fills_the_order_and_a_forged_one_does_not(site: Site) -> None:
    person = await site.person(stamps=0)
    _, placed = await order(person)
    forged = await site.anyone.post("/gateway/development/notices", content=b'{"event_id":"evt_1"}')
    assert (forged.status_code, forged.json()["code"]) == (401, "notice_forged")
    raw, headers = await true_notice(site, placed["id"])
    for _ in range(2):
        kept = await site.anyone.post("/gateway/development/notices", content=raw, headers=headers)
        assert (kept.status_code, kept.json()) == (200, {"received": True})
    await run_notices_pass(site.services.db, site.services.gateways)
    assert await person.free() == 2


async def true_notice(site: Site, order_id: str) -> tuple[bytes, dict[str, str]]:
    """What the gateway would send, signed by its own code."""
    import json

    from bubuh.gateway_dev.signing import notice_headers
    from tests.gateway_dev.rig import SECRET

    charge = await site.gateway.pay(f"{order_id}-1")
    raw = json.dumps({"event_id": "evt_" + uuid4().hex, "charge": charge}).encode()
    return raw, notice_headers(SECRET, raw)


async def test_notices_are_bounded_and_only_for_gateways_we_have(site: Site) -> None:
    giant = await site.anyone.post("/gateway/development/notices", content=b"0" * 70_000)
    assert (giant.status_code, giant.json()["code"]) == (413, "body_too_large")
    stranger = await site.anyone.post("/gateway/nobody/notices", content=b"{}")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "called"),
    [
        (b"", "application/json"),
        (b"null", ""),
        (b"\xff" * 100, "x"),
        (b'{"event_id":' * 5_000 + b"1" + b"}" * 5_000, "application/json"),
        (b"%PDF-1.7", "application/pdf"),
        (b"a=1&b=2", "multipart/form-data"),
    ],
    ids=["nothing", "null", "bytes", "deep", "document", "form"],
)
async def test_garbage_is_refused_and_kept_whatever_it_calls_itself(
    site: Site, body: bytes, called: str
) -> None:
    address = "/gateway/development/notices"
    refused = await site.anyone.post(address, content=body, headers={"content-type": called})
    assert (refused.status_code, refused.json()["code"]) == (401, "notice_forged")
    sql = "SELECT count(*) FROM payment_notices WHERE body = $1 AND headers LIKE '%' || $2 || '%'"
    assert await site.services.db.fetchval(sql, body, f'"content-type":"{called}"') == 1


async def test_a_qris_code_is_drawn_and_says_when_it_ends(site: Site) -> None:
    person = await site.person(stamps=0)
    _, placed = await order(person)
    drawn = await person.get(f"/v1/orders/{placed['id']}/qris")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert drawn.text.startswith("<svg")
    assert "Berlaku sampai" in drawn.text


async def test_a_virtual_account_has_no_qris_code(site: Site) -> None:
    person = await site.person(stamps=0)
    _, placed = await order(person, method="va")
    refused = await person.get(f"/v1/orders/{placed['id']}/qris")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_qris_code")


async def test_who_forges_too_much_is_not_heard_any_more(site: Site) -> None:
    statuses: list[int] = []
    while not statuses or statuses[-1] == 401:
        answer = await site.anyone.post("/gateway/development/notices", content=b"{}")
        statuses.append(answer.status_code)
    assert statuses[-1] == 429
    assert len(statuses) > site.services.rates.forgeries.quota
