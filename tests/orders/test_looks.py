"""How often a buyer who waits does well to look at an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from bubuh.core.ids import AccountId
from bubuh.orders.model import (
    OLD_LOOK_S,
    PAYABLE_LOOKS_S,
    UNREACHED_LOOKS_S,
    Order,
    OrderState,
    ShownOrder,
)
from bubuh.payments.model import Method, PaymentDetails

PLACED = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOW = PaymentDetails(va="8808123456789012")
S = OrderState


def shown(state: OrderState = S.PLACED, *, payment: PaymentDetails | None = HOW) -> ShownOrder:
    order = Order(
        id=UUID(int=1),
        account_id=AccountId(1),
        state=state,
        stamps=1,
        method=Method.VA,
        amount_idr=10_000,
        amount_paid_idr=0,
        amount_returned_idr=0,
        placed_at=PLACED,
        expires_at=PLACED + timedelta(hours=1),
    )
    return ShownOrder(order=order, payment=payment)


def look_s(age_s: float, state: OrderState = S.PLACED, *, payment: PaymentDetails | None = HOW) -> int | None:
    return shown(state, payment=payment).look_again_s(PLACED + timedelta(seconds=age_s))


@pytest.mark.parametrize(("payment", "looks_s"), [(HOW, PAYABLE_LOOKS_S), (None, UNREACHED_LOOKS_S)])
def test_soon_at_first_and_more_and_more_seldom(
    payment: PaymentDetails | None, looks_s: tuple[int, int]
) -> None:
    assert look_s(-5.0, payment=payment) == look_s(0.0, payment=payment) == looks_s[0]
    waits = [look_s(float(age_s), payment=payment) or 0 for age_s in range(1_000)]
    assert waits == sorted(waits)
    assert (waits[120], waits[-1]) == (looks_s[1], OLD_LOOK_S)


@given(age_s=st.floats(0, 10_000))
def test_who_can_pay_looks_at_least_as_often_as_who_cannot_yet(age_s: float) -> None:
    payable, unreached = look_s(age_s), look_s(age_s, payment=None)
    assert payable is not None
    assert unreached is not None
    assert payable <= unreached


def test_a_crowd_that_waits_through_an_outage_looks_a_few_times_each() -> None:
    """100 buyers a second for a minute: what their looks come to at its end, a second."""
    assert sum(1 / (look_s(float(age_s), payment=None) or 1) for age_s in range(60)) * 100 < 225


@pytest.mark.parametrize(
    ("state", "wanted"),
    [(S.PAID, PAYABLE_LOOKS_S[0]), (S.FILLED, None), (S.EXPIRED, None), (S.CANCELLED, None)],
)
def test_what_has_come_to_its_end_is_not_waited_for(state: OrderState, wanted: int | None) -> None:
    assert look_s(30.0, state) == wanted
