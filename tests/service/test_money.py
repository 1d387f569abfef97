"""Money that does not come as it should, and the whole service: late, double, in part, too much, taken back.

It ends in quota, goes back, or is on the operators' list, within a minute; and the buyer reads what became
of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults.kit import own_process
from tests.service.conftest import Running, open_citizen, until
from tests.service.till import (
    PROMISED_S,
    Buyer,
    Till,
    assert_books_agree,
    move_time,
    open_buyer,
    operator_key,
    unmatched,
)

pytestmark = [pytest.mark.service, pytest.mark.shared]

#: eleven minutes pass: longer than what does not suffice waits for the rest once the order is over
OVER = (
    "UPDATE orders SET expires_at = now() - interval '11 min' WHERE account_id = $1",
    "UPDATE payment_attempts SET expires_at = now() - interval '11 min' WHERE account_id = $1",
    "UPDATE payment_attempts SET next_ask_at = now() WHERE account_id = $1",
    "UPDATE payment_unmatched SET listed_at = now() - interval '11 min' WHERE account_id = $1",
)
#: a day passes, also for what nobody may change
A_DAY = (
    "ALTER TABLE refund_events DISABLE TRIGGER refund_events_ro",
    "UPDATE refund_events SET at = at - interval '1 day' WHERE account_id = $1",
    "ALTER TABLE refund_events ENABLE TRIGGER refund_events_ro",
    "UPDATE refunds SET asked_at = asked_at - interval '1 day' WHERE account_id = $1",
)
ASK_NOW = "UPDATE payment_attempts SET next_ask_at = now() WHERE account_id = $1 AND state <> 'paid'"


@pytest.fixture(scope="module")
def till(service: Running) -> Till:
    return Till(service)


@pytest.fixture
def buyer(service: Running) -> Iterator[Buyer]:
    with open_buyer(service) as buyer:
        yield buyer
        assert_books_agree(buyer)


@dataclass(frozen=True)
class Late:
    """Somebody whose orders' time is over."""

    buyer: Buyer
    told: str  #: to be paid, and its notice comes
    untold: str  #: to be paid, and its notice never comes
    short: str  #: paid in part


@pytest.fixture(scope="module", autouse=True)
def late(service: Running, till: Till) -> Iterator[Late]:
    """Made before all: the service looks for orders whose time is over every ten seconds."""
    with open_buyer(service) as buyer:
        late = Late(buyer, told=buyer.order(), untold=buyer.order(), short=buyer.order())
        till.pay(late.short, amount=20_000)
        until(lambda: buyer.shown(late.short)["amount_paid_idr"] == 20_000)
        move_time(service, *OVER, account_id=buyer.account_id)
        yield late


@pytest.mark.parametrize(("off_idr", "insists"), [(0, True), (1, False)], ids=["twice", "too much"])
def test_what_is_paid_beyond_the_price_goes_back_by_itself_and_the_buyer_reads_so(
    till: Till, buyer: Buyer, *, off_idr: int, insists: bool
) -> None:
    order = buyer.order()
    with till.behaving(amount_off_idr=off_idr, repeat=1, reorder=0.5):
        till.pay(order)
        if insists:
            buyer.until_it_is(order, "filled")
            till.pay(order, insist=True)
        over_idr = 30_000 * insists + off_idr
        buyer.until_returned(order, ("surplus", "done", over_idr))
    shown = buyer.shown(order)
    assert (shown["state"], shown["amount_paid_idr"]) == ("filled", 30_000 + over_idr)
    assert buyer.quota() == (4, 0, 0)
    money = f"Rp{over_idr:,}".replace(",", ".")
    assert f"Uang yang diterima lebih {money} dari harganya" in buyer.reads(order)
    assert f"Pengembalian dana {money}: Refund" in buyer.reads(order)


def test_what_is_paid_in_part_is_listed_until_the_rest_fills_the_order(
    service: Running, till: Till, buyer: Buyer
) -> None:
    order = buyer.order()
    with till.behaving(amount_off_idr=-10_000, repeat=1):
        till.pay(order)
        until(lambda: buyer.shown(order)["amount_paid_idr"] == 20_000, within_s=PROMISED_S)
    (line,) = [one for one in unmatched(service) if one["order"] == order]
    assert (line["kind"], line["amount"], line["age_s"] < PROMISED_S) == ("underpaid", 20_000, True)
    assert "Baru Rp20.000 yang diterima; masih kurang Rp10.000" in buyer.reads(order)
    assert buyer.quota() == (1, 0, 0)
    assert_books_agree(buyer)
    till.pay(order, amount=10_000)
    buyer.until_it_is(order, "filled")
    assert buyer.quota() == (4, 0, 0)
    assert order not in {one["order"] for one in unmatched(service)}


def test_what_its_gateway_called_over_and_then_paid_is_credited(till: Till, buyer: Buyer) -> None:
    order = buyer.order()
    till.close(order)
    until(lambda: asyncio.run(is_closed(buyer)))
    assert buyer.shown(order)["state"] == "placed"
    till.pay(order, insist=True)
    buyer.until_it_is(order, "filled")
    assert buyer.quota() == (4, 0, 0)


async def is_closed(buyer: Buyer) -> bool:
    """Whether the service heard that the gateway takes no more money."""
    conn = await buyer.service.connect()
    sql = "SELECT state = 'closed' FROM payment_attempts WHERE account_id = $1"
    closed = await conn.fetchval(sql, buyer.account_id)
    await conn.close()
    return bool(closed)


def test_money_taken_back_after_use_takes_what_is_free_freezes_the_account_and_is_listed(
    service: Running, till: Till, buyer: Buyer
) -> None:
    order = buyer.order()
    till.pay(order)
    buyer.until_it_is(order, "filled")
    document = buyer.citizen.upload()
    for _ in range(2):
        stamp = buyer.citizen.ask_for_stamp(document, Prefer="wait=20").json()
        assert buyer.citizen.await_end(stamp["id"])["state"] == "affixed"
    assert buyer.quota() == (2, 0, 2)
    till.take_back(order)
    until(lambda: buyer.quota() == (0, 0, 2), within_s=PROMISED_S)  # never below zero
    refused = buyer.citizen.ask_for_stamp(document)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_frozen")
    (line,) = [one for one in unmatched(service) if one["order"] == order]
    assert (line["kind"], line["amount"]) == ("reversal", 10_000)
    assert buyer.returned(order) == [("reversal", "done", 20_000)]
    assert "Bank menarik kembali Rp30.000" in buyer.reads(order)
    assert_books_agree(buyer)
    with open_citizen(service, stamps=1) as bystander:
        assert bystander.ask_for_stamp(bystander.upload()).status_code == 202


@pytest.mark.parametrize("told", [True, False], ids=["its notice comes", "it never comes"])
def test_money_after_an_order_expired_by_itself_is_credited(
    service: Running, till: Till, late: Late, *, told: bool
) -> None:
    order, buyer = late.told if told else late.untold, late.buyer
    buyer.until_it_is(order, "expired")
    assert "Bila Anda terlanjur membayar, kuota tetap ditambahkan" in buyer.reads(order)
    free = buyer.quota()[0]
    with till.behaving(lose=0 if told else 1):
        till.pay(order, insist=True)
        if not told:
            move_time(service, ASK_NOW, account_id=buyer.account_id)  # 40 s later
        buyer.until_it_is(order, "filled")
    assert buyer.quota()[0] == free + 3
    assert "Kuota sudah bertambah" in buyer.reads(order)
    assert "Pembayaran Rp30.000 diterima" in buyer.reads(order)
    assert_books_agree(buyer)


def test_too_little_goes_back_by_itself_when_the_order_is_over(late: Late) -> None:
    order, buyer = late.short, late.buyer
    buyer.until_returned(order, ("surplus", "done", 20_000))
    assert buyer.shown(order)["state"] == "expired"
    assert "Rp20.000 yang masuk kurang dari harganya dan kembali ke asal pembayarannya" in buyer.reads(order)
    assert_books_agree(buyer)


def test_a_refund_without_an_end_for_a_day_is_listed_by_the_worker_and_ended_by_two_people(
    service: Running, till: Till, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any worker looks at once when it starts, and then each minute."""
    order = buyer.order()
    till.pay(order)
    buyer.until_it_is(order, "filled")
    with till.behaving(refund="pending"):
        refund = buyer.ask_back(order)
        buyer.until_returned(order, ("asked", "pending", 10_000))
    assert buyer.quota() == (3, 1, 0)
    move_time(service, *A_DAY, account_id=buyer.account_id)
    with own_process(service, "worker", "--name", "beside"):
        until(lambda: "petugas menanyakannya" in buyer.reads(order))
    (line,) = [one for one in unmatched(service) if one["order"] == order]
    assert (line["kind"], line["subject"], line["amount"]) == ("refund_overdue", refund, 10_000)
    monkeypatch.setenv("BUBUH_REFUND_LIMIT", "9999")
    ending = ("refunds", "end", refund, "--how", "failed", "--reason", "surat bank 12", "--as")
    first, second = operator_key(service), operator_key(service)
    assert service.json(*ending, first)["state"] == "pending"
    alone = service.bubuh(*ending, first)
    assert (alone.returncode, "same_person" in alone.stderr) == (1, True)
    assert service.json(*ending, second)["state"] == "failed"
    assert (buyer.quota(), buyer.returned(order)) == ((4, 0, 0), [("asked", "failed", 10_000)])
    assert order not in {one["order"] for one in unmatched(service)}


def test_the_books_agree_after_all_this(service: Running) -> None:
    assert service.json("quota", "reconcile", "--full") == {"balanced": True, "differences": []}
