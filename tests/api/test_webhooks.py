"""`/v1/webhooks` and `/v1/events` over HTTP: registered, shown, rotated and removed by their owner alone."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from bubuh.core.ids import fresh_id, read_id, show_id
from bubuh.identity.model import Scope
from bubuh.orders.collect import run_asking_pass
from bubuh.orders.expire import Expirer
from bubuh.outbox.publish import publish
from bubuh.refunds.carry import carry_due
from bubuh.webhooks import store
from bubuh.webhooks.model import EVENTS, MOST_WEBHOOKS, WEBHOOK, Secret
from bubuh.webhooks.register import sealed_as
from bubuh.webhooks.sweep import sweep
from bubuh.worker.routes import tell
from tests.api.site import Json, Person, Site, together

URL = "https://distributor.example/bubuh"


async def registered(person: Person, url: str = URL) -> Json:
    answer = await person.post("/v1/webhooks", json={"url": url}, key=str(uuid4()))
    assert answer.status_code == 201, answer.text
    webhook: Json = answer.json()
    return webhook


async def shown(person: Person) -> list[Json]:
    found: list[Json] = (await person.get("/v1/webhooks")).json()["data"]
    return found


async def happened(person: Person, topic: str, subject: UUID | None = None, **facts: Any) -> UUID:
    account_id = person.principal.account_id
    subject = subject or fresh_id(account_id)
    async with person.site.services.db.transaction() as conn:
        assert await publish(conn, account_id=account_id, topic=topic, subject=subject, facts=facts)
    return subject


async def told(person: Person) -> None:
    await tell(person.site.services.db, person.principal.shard, routes={})


async def living(person: Person, webhook: Json) -> list[str]:
    """The secrets that messages are signed with now."""
    webhook_id, services = read_id(WEBHOOK, webhook["id"]), person.site.services
    sealed = await store.list_secrets(services.db, person.principal.account_id, webhook_id)
    return [services.person_key.open(one, sealed_as(webhook_id)) for one in sealed]


async def as_owner(site: Site, statement: str, *args: object) -> None:
    """Time passes: rows are moved back, which the application may not do."""
    conn = await asyncpg.connect(site.dsns.owner)
    await conn.execute(statement, *args)
    await conn.close()


async def test_a_webhook_is_registered_once_for_a_key_and_its_secret_is_shown_once(site: Site) -> None:
    person = await site.person()
    made = await person.post("/v1/webhooks", json={"url": URL}, key="one")
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    again = await person.post("/v1/webhooks", json={"url": URL}, key="one")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == made.json() | {"secret": None}
    assert await shown(person) == [again.json()]
    other = await person.post("/v1/webhooks", json={"url": URL + "/2"}, key="one")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert (await person.post("/v1/webhooks", json={"url": URL})).json()["code"] == "idempotency_key_required"
    assert await living(person, made.json()) == [made.json()["secret"]]


async def test_a_secret_is_kept_sealed(site: Site) -> None:
    person = await site.person()
    secret = (await registered(person))["secret"]
    rows = await site.services.db.fetch("SELECT secret_sealed FROM webhook_secrets")
    assert all(secret.encode() not in row["secret_sealed"] for row in rows)
    assert secret not in repr(Secret(secret))


@pytest.mark.parametrize(
    "url", ["http://distributor.example/", "https://10.0.0.1/", "https://a@b.example/", "x", ""]
)
async def test_an_address_that_nobody_may_name_is_refused_in_words(site: Site, url: str) -> None:
    person = await site.person()
    refused = await person.post("/v1/webhooks", json={"url": url}, key="one")
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_url_refused")
    assert refused.json()["pointer"] == "/url"
    assert await shown(person) == []


async def test_an_account_has_so_many_webhooks_also_when_it_asks_for_them_at_once(site: Site) -> None:
    person = await site.person()
    answers = await together(
        *(
            person.post("/v1/webhooks", json={"url": f"{URL}/{no}"}, key=f"key-{no}")
            for no in range(MOST_WEBHOOKS + 3)
        )
    )
    refused = [one.json() for one in answers if one.status_code == 409]
    assert [one["code"] for one in refused] == ["too_many_webhooks"] * 3
    webhooks = await shown(person)
    assert len(webhooks) == MOST_WEBHOOKS
    assert (await person.call("DELETE", f"/v1/webhooks/{webhooks[0]['id']}")).status_code == 204
    await registered(person)


async def test_a_webhook_is_its_account_s_alone(site: Site) -> None:
    person, stranger = await site.person(), await site.person()
    webhook = await registered(person)
    path = f"/v1/webhooks/{webhook['id']}"
    assert await shown(stranger) == []
    assert (await stranger.call("DELETE", path)).status_code == 404
    assert (await stranger.post(f"{path}/secret", key="one")).status_code == 404
    await happened(person, "order.filled", stamps=2)
    await told(person)
    assert (await stranger.get("/v1/events")).json()["data"] == []
    assert [one["id"] for one in await shown(person)] == [webhook["id"]]
    assert await living(person, webhook) == [webhook["secret"]]


async def test_it_needs_a_key_of_its_scope(site: Site) -> None:
    narrow = await site.person(Scope.ORDERS_WRITE)
    for call in (
        narrow.get("/v1/webhooks"),
        narrow.get("/v1/events"),
        narrow.post("/v1/webhooks", json={"url": URL}, key="one"),
        narrow.call("DELETE", "/v1/webhooks/whk_0G3ZMVQ2H49Q8S2NXW5T7R6K1P"),
    ):
        assert (await call).json()["code"] == "scope_missing"
    await registered(await site.person(Scope.WEBHOOKS_WRITE))


async def test_a_removed_webhook_is_gone_with_all_it_was_to_hear(site: Site) -> None:
    person = await site.person()
    webhook = await registered(person)
    await happened(person, "order.filled", stamps=2)
    await told(person)
    assert (await shown(person))[0]["waiting"] == 1
    path = f"/v1/webhooks/{webhook['id']}"
    assert (await person.call("DELETE", path)).status_code == 204
    assert (await person.call("DELETE", path)).status_code == 404
    assert await shown(person) == []
    account_id = person.principal.account_id
    for table in ("webhook_deliveries", "webhook_secrets"):
        count = f"SELECT count(*) FROM {table} WHERE account_id = $1"
        assert await site.services.db.fetchval(count, account_id) == 0
    assert len((await person.get("/v1/events")).json()["data"]) == 1


async def test_a_new_secret_stands_beside_the_one_before_for_a_day_and_no_third(site: Site) -> None:
    person = await site.person()
    webhook = await registered(person)
    path = f"/v1/webhooks/{webhook['id']}/secret"
    second = (await person.post(path, key="two")).json()["secret"]
    replayed = await person.post(path, key="two")
    assert (replayed.headers["idempotent-replayed"], replayed.json()["secret"]) == ("true", None)
    assert await living(person, webhook) == [second, webhook["secret"]]
    third = (await person.post(path, key="three")).json()["secret"]
    assert await living(person, webhook) == [third, second]
    assert len({webhook["secret"], second, third}) == 3
    left = (
        "SELECT extract(epoch FROM max(ends_at) - now())::float8 FROM webhook_secrets WHERE account_id = $1"
    )
    account_id = person.principal.account_id
    assert await site.services.db.fetchval(left, account_id) == pytest.approx(86_400, abs=60)
    day = "UPDATE webhook_secrets SET ends_at = ends_at - interval '1 day' WHERE account_id = $1"
    await as_owner(site, day, account_id)
    assert await living(person, webhook) == [third]


async def test_the_feed_gives_each_event_once_in_order(site: Site) -> None:
    person = await site.person()
    await happened(person, "order.filled", stamps=9)
    await told(person)  # nobody listened yet
    await registered(person)
    orders = [await happened(person, "order.filled", stamps=no) for no in range(1, 8)]
    await told(person)
    seen, after = [], None
    while True:
        page = (
            await person.get("/v1/events", params={"limit": 3, **({"after": after} if after else {})})
        ).json()
        seen += page["data"]
        assert page["gone"] == 0
        after = page["next_cursor"]
        if not page["has_more"]:
            break
    assert [one["subject"] for one in seen] == [show_id("ord", each) for each in orders]
    assert [one["data"] for one in seen] == [{"stamps": no} for no in range(1, 8)]
    assert len({one["id"] for one in seen}) == 7
    assert {one["source"] for one in seen} == {site.services.public_url}
    empty = (await person.get("/v1/events", params={"after": after})).json()
    assert empty == {"data": [], "has_more": False, "next_cursor": after, "gone": 0}
    await happened(person, "stamp.affixed", serial_no="T1X")
    await told(person)
    (new,) = (await person.get("/v1/events", params={"after": after})).json()["data"]
    assert (new["type"], new["data"]) == ("stamp.affixed", {"serial_no": "T1X"})
    assert new["subject"].startswith("stm_")


async def test_a_reader_who_was_away_too_long_is_told_how_much_is_gone(site: Site) -> None:
    person = await site.person()
    await registered(person)
    for no in range(5):
        await happened(person, "order.filled", stamps=no + 1)
        await told(person)
    first = (await person.get("/v1/events", params={"limit": 1})).json()
    account_id = person.principal.account_id
    past = "UPDATE webhook_events SET noted_at = noted_at - interval '31 days'"
    await as_owner(site, f"{past} WHERE no <= 4 AND account_id = $1", account_id)
    await sweep(site.services.db, person.principal.shard)
    page = (await person.get("/v1/events", params={"after": first["next_cursor"]})).json()
    assert ([one["data"]["stamps"] for one in page["data"]], page["gone"]) == ([5], 3)
    await as_owner(site, f"{past} WHERE account_id = $1", account_id)
    await sweep(site.services.db, person.principal.shard)
    page = (await person.get("/v1/events", params={"after": first["next_cursor"]})).json()
    assert (page["data"], page["gone"], page["next_cursor"]) == ([], 4, first["next_cursor"])


async def test_what_is_noted_while_others_note_is_numbered_without_a_gap(site: Site) -> None:
    person = await site.person()
    await registered(person)
    for _ in range(30):
        await happened(person, "stamp.returned", reason="cancelled_by_owner")
    await asyncio.gather(*(told(person) for _ in range(5)))
    numbers = await site.services.db.fetch(
        "SELECT no FROM webhook_events WHERE account_id = $1 ORDER BY no", person.principal.account_id
    )
    assert [row["no"] for row in numbers] == list(range(1, 31))


async def test_ids_in_events_are_as_the_world_sees_them(site: Site) -> None:
    person = await site.person()
    await registered(person)
    account_id = person.principal.account_id
    order, refund = fresh_id(account_id), fresh_id(account_id)
    await happened(person, "refund.done", refund, amount_idr=20_000, stamps=2, order=str(order))
    await happened(person, "payment.reversed", refund, amount_idr=10_000, stamps=1, order=str(order))
    await happened(person, "refund.declined", refund)
    await happened(person, "buyer.letter", refund, sealed="x")
    await told(person)
    page = (await person.get("/v1/events")).json()["data"]
    money = {"order_id": show_id("ord", order)}
    by_type = {one["type"]: (one["subject"], one["data"]) for one in page}
    assert by_type == {
        "refund.done": (show_id("rfd", refund), {"amount_idr": 20_000, "stamps": 2} | money),
        "payment.reversed": (show_id("ord", order), {"amount_idr": 10_000, "stamps": 1} | money),
        "refund.declined": (show_id("rfd", refund), {}),
    }


async def test_what_really_happens_to_an_account_is_told_as_the_reference_says(site: Site) -> None:
    person = await site.person(stamps=2)
    await registered(person)
    db, gateways, account_id = site.services.db, site.services.gateways, person.principal.account_id
    stamp = await person.affixed()
    waiting = (await person.stamp(await person.uploaded())).json()
    assert (await person.post(f"/v1/stamps/{waiting['id']}/cancel")).status_code == 200
    paid, late = [
        (await person.post("/v1/orders", json={"stamps": 3, "method": "qris"}, key=key)).json()["id"]
        for key in ("paid", "late")
    ]
    await site.gateway.pay(f"{paid}-1")
    await db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")
    await run_asking_pass(db, gateways)
    wanted = {"stamps": 1, "refundable_idr": 30_000, "reason": "tidak jadi"}
    refund = (await person.post(f"/v1/orders/{paid}/refunds", json=wanted, key="refund")).json()["id"]
    await carry_due(db, gateways)
    await as_owner(site, "UPDATE orders SET expires_at = now() WHERE id = $1", read_id("ord", late))
    await Expirer(db).expire()
    await told(person)
    events = (await person.get("/v1/events")).json()["data"]
    money = {"amount_idr": 10_000, "stamps": 1, "order_id": paid}
    assert {(one["type"], one["subject"]): one["data"] for one in events} == {
        ("stamp.affixed", stamp["id"]): {"serial_no": stamp["serial"]},
        ("stamp.returned", waiting["id"]): {"reason": "cancelled_by_owner"},
        ("order.filled", paid): {"stamps": 3},
        ("order.expired", late): {"stamps": 3},
        ("refund.opened", refund): money,
        ("refund.done", refund): money,
    }
    assert await db.fetchval("SELECT count(*) FROM webhook_events WHERE account_id = $1", account_id) == 6


async def test_each_type_of_event_stands_in_the_reference(site: Site) -> None:
    text = (Path(__file__).parents[2] / "docs/reference/webhooks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`((?:order|payment|refund|stamp)\.\w+)`", text)) == set(EVENTS)
