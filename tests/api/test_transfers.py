"""Stamps given to another account: seen by both sides, refused in words, sent once."""

from __future__ import annotations

import pytest

from bubuh.core.ids import fresh_account_id, read_account, show_account
from bubuh.core.shards import shard_of_account
from bubuh.identity.model import Scope
from bubuh.worker.routes import tell
from tests.api.site import Person, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/quota/transfers"


def account_of(person: Person) -> str:
    return show_account(person.principal.account_id)


async def deliver(site: Site, giver: Person) -> None:
    await tell(site.services.db, shard_of_account(giver.principal.account_id))


async def test_both_sides_see_what_was_given(site: Site) -> None:
    giver, receiver = await site.person(stamps=5), await site.person(stamps=0)
    answer = await giver.post(PATH, key="gift", json={"receiver": account_of(receiver), "stamps": 2})
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["state"], sent["stamps"], sent["receiver"]) == ("in_transit", 2, account_of(receiver))
    assert (await giver.get("/v1/quota")).json()["in_transit"] == 2
    await deliver(site, giver)
    arrived = (await giver.get(answer.headers["Location"])).json()
    assert arrived["state"] == "arrived"
    assert (await giver.free(), await receiver.free()) == (3, 2)
    out, ack = [
        movement
        for movement in reversed((await giver.get("/v1/quota/movements")).json()["data"])
        if movement["counter_account_id"]
    ]
    (into,) = (await receiver.get("/v1/quota/movements")).json()["data"]
    assert {movement["id"] for movement in (out, ack, into)} == {sent["id"]}
    assert into["kind"] == "transfer_in"
    assert read_account(into["counter_account_id"]) == giver.principal.account_id


async def test_a_repeated_key_gives_nothing_more_and_another_body_is_refused(site: Site) -> None:
    giver, receiver = await site.person(stamps=5), await site.person(stamps=0)
    body = {"receiver": account_of(receiver), "stamps": 2}
    first = await giver.post(PATH, key="one", json=body)
    await deliver(site, giver)
    again = await giver.post(PATH, key="one", json=body)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["state"] == "arrived"
    other = await giver.post(PATH, key="one", json={**body, "stamps": 3})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert (await giver.free(), await receiver.free()) == (3, 2)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"stamps": 6}, 409, "quota_exhausted"),
        ({"stamps": 0}, 422, "stamps_out_of_range"),
        ({"receiver": show_account(fresh_account_id())}, 422, "receiver_unknown"),
        ({"receiver": "saya"}, 422, "receiver_unknown"),
    ],
)
async def test_a_refused_transfer_says_why_and_moves_nothing(
    change: dict[str, object], status: int, code: str, site: Site
) -> None:
    giver, receiver = await site.person(stamps=5), await site.person(stamps=0)
    answer = await giver.post(PATH, key="k", json={"receiver": account_of(receiver), "stamps": 1, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await giver.free() == 5


async def test_to_oneself_and_from_a_frozen_account_nothing_is_sent(site: Site) -> None:
    giver, receiver = await site.person(stamps=5), await site.person(stamps=0)
    answer = await giver.post(PATH, key="k", json={"receiver": account_of(giver), "stamps": 1})
    assert (answer.status_code, answer.json()["code"]) == (422, "same_account")
    account_id = giver.principal.account_id
    await site.services.db.fetchval("SELECT quota_freeze($1, $2)", shard_of_account(account_id), account_id)
    answer = await giver.post(PATH, key="k", json={"receiver": account_of(receiver), "stamps": 1})
    assert answer.json()["code"] == "account_frozen"
    assert await giver.free() == 5


async def test_what_another_sent_is_not_shown(site: Site) -> None:
    giver, receiver = await site.person(stamps=5), await site.person(stamps=0)
    body = {"receiver": account_of(receiver), "stamps": 1}
    location = (await giver.post(PATH, key="k", json=body)).headers["Location"]
    for path in (location, f"{PATH}/trf_{'0' * 26}", f"{PATH}/x"):
        assert (await receiver.get(path)).status_code == 404


async def test_a_key_that_may_read_gives_nothing_away(site: Site) -> None:
    reader, receiver = await site.person(Scope.QUOTA_READ, stamps=5), await site.person(stamps=0)
    answer = await reader.post(PATH, key="k", json={"receiver": account_of(receiver), "stamps": 1})
    assert answer.status_code == 403
    assert await reader.free() == 5
