"""Stamps given to another account: seen by both sides, refused in words, sent once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

import pytest

from bubuh.core.ids import fresh_account_id, read_account, show_account
from bubuh.core.shards import shard_of_account
from bubuh.identity.model import Scope
from bubuh.worker.routes import tell
from tests.api.site import Person, Site

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


@dataclass(frozen=True)
class Sale:
    """One line of a partner's own book: what it sold to whom, under the key that it sends it with."""

    key: str
    buyer: Person
    stamps: int


async def test_what_a_partner_sold_by_its_own_book_while_we_were_away_is_booked_once(site: Site) -> None:
    """Its stock lies in its own account, which nobody else can spend from: so much it may sell without us.

    Of the first sales our answers were lost, of some before we had heard them.
    """
    stock, seed = 60, random.Random(11)
    partner = await site.person(stamps=stock)
    buyers = [await site.person(stamps=0) for _ in range(4)]
    book: list[Sale] = []
    while (left := stock - sum(sale.stamps for sale in book)) > 0:
        stamps = min(left, seed.randint(1, 5))
        book.append(Sale(f"sale-{len(book)}", seed.choice(buyers), stamps))

    async def send(sale: Sale) -> tuple[int, str]:
        body = {"receiver": account_of(sale.buyer), "stamps": sale.stamps}
        answer = await partner.post(PATH, key=sale.key, json=body)
        return answer.status_code, answer.json()["id"]

    unanswered = book[: len(book) // 3]
    heard = [await send(sale) for sale in unanswered[::2]]  # the partner saw none of these answers
    resent = [*book, *seed.sample(book, 6)]
    seed.shuffle(resent)
    told: list[tuple[int, str]] = []
    for first in range(0, len(resent), 5):  # five at once, the same sale among them perhaps
        told += await asyncio.gather(*(send(sale) for sale in resent[first : first + 5]))
    assert {status for status, _ in told} == {201}
    assert {ref for _, ref in heard} < {ref for _, ref in told}
    assert len({ref for _, ref in told}) == len(book)
    await deliver(site, partner)
    await deliver(site, partner)
    sold = Counter[str]()
    for sale in book:
        sold[account_of(sale.buyer)] += sale.stamps
    for buyer in buyers:
        assert await buyer.free() == sold[account_of(buyer)]
    quota = (await partner.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["in_transit"]) == (0, 0, 0)
    beyond = await partner.post(PATH, key="beyond", json={"receiver": account_of(buyers[0]), "stamps": 1})
    assert (beyond.status_code, beyond.json()["code"]) == (409, "quota_exhausted")
