"""What a gateway says, and the whole service: too early, again and again, out of order, by somebody else."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from bubuh.api.orders import ROUTE
from bubuh.core.ids import derived_id, show_id
from tests.service.conftest import Running, until
from tests.service.till import PROMISED_S, Buyer, Till, assert_books_agree, move_time, open_buyer

pytestmark = [pytest.mark.service, pytest.mark.shared]

COPIES = 200
#: minutes pass
ASK_AGAIN = "UPDATE payment_notice_work SET not_before = now() WHERE state = 'waiting'"
_NOTICES = """
SELECT w.state, w.outcome FROM payment_notices AS n JOIN payment_notice_work AS w USING (gateway, event_id)
 WHERE position(convert_to($1, 'UTF8') IN n.body) > 0
 ORDER BY n.received_at
"""


@pytest.fixture(scope="module")
def till(service: Running) -> Till:
    return Till(service)


@pytest.fixture
def buyer(service: Running) -> Iterator[Buyer]:
    with open_buyer(service) as buyer:
        yield buyer
        assert_books_agree(buyer)


def notices(service: Running, order: str) -> list[tuple[str, str | None]]:
    """How far each notice of an order is, and what became of it; the oldest first."""

    async def ask() -> list[tuple[str, str | None]]:
        conn = await service.connect()
        rows = await conn.fetch(_NOTICES, order)
        await conn.close()
        return [(row["state"], row["outcome"]) for row in rows]

    return asyncio.run(ask())


def test_a_notice_that_comes_before_its_order_waits_for_it(
    service: Running, till: Till, buyer: Buyer
) -> None:
    key = str(uuid.uuid4())
    order = show_id("ord", derived_id(buyer.account_id, ROUTE, key))
    till.open(order, amount_idr=30_000)
    till.pay(order)
    until(lambda: notices(service, order) == [("waiting", "unknown_order")])
    assert buyer.quota() == (1, 0, 0)
    assert buyer.order(key=key) == order
    buyer.until_it_is(order, "filled")
    move_time(service, ASK_AGAIN, account_id=buyer.account_id)
    until(lambda: [state for state, _ in notices(service, order)] == ["done"], within_s=PROMISED_S)
    assert buyer.quota() == (4, 0, 0)


def test_a_claim_without_the_key_is_kept_and_moves_nothing_and_what_comes_again_and_again_credits_once(
    service: Running, till: Till, buyer: Buyer
) -> None:
    with till.behaving(forge=1):
        order = buyer.order()
        until(lambda: notices(service, order) == [("refused", "notice_forged")])
    assert (buyer.shown(order)["state"], buyer.quota()) == ("placed", (1, 0, 0))
    with till.behaving(repeat=1, copies=COPIES, reorder=1):
        till.pay(order)
        till.pay(order, insist=True)  # told as well, and overtaken
        buyer.until_it_is(order, "filled")
        buyer.until_returned(order, ("surplus", "done", 30_000))
    until(lambda: all(state != "waiting" for state, _ in notices(service, order)))
    assert buyer.quota() == (4, 0, 0)
