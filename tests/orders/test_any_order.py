"""Whatever order words, money and time come in, and however often: the same book in the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.db.pool import Database
from bubuh.orders.expire import Expirer
from bubuh.orders.model import OrderState
from bubuh.orders.moves import MOVES
from bubuh.orders.settle import settle
from bubuh.orders.show import show_order
from bubuh.payments.model import ReceivedPayment
from tests.orders.bare import place_bare

STAMPS = 2
EXPIRE = None
PAYMENTS = {"a": 20_000, "b": 15_000, "c": 5_000, "d": 1}  #: by the gateway's number: amount

happenings = st.lists(
    st.one_of(st.just(EXPIRE), st.lists(st.sampled_from(sorted(PAYMENTS)), min_size=1, max_size=3)),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=happenings)
async def test_the_book_is_the_same_in_any_order(
    db: Database, happenings: Sequence[list[str] | None]
) -> None:
    account_id = fresh_account_id()
    order_id = fresh_id(account_id)
    await place_bare(db, account_id, order_id, stamps=STAMPS)
    state, came = OrderState.PLACED, set[str]()
    for happening in happenings:
        if happening is EXPIRE:
            await Expirer(db).expire()
        else:
            await settle(db, [payment(account_id, order_id, no) for no in happening])
            came |= set(happening)
        now = (await show_order(db, account_id, order_id)).order
        assert now.state is state or can_reach(state, now.state)
        state = now.state
        paid_idr = sum(PAYMENTS[no] for no in came)
        assert now.amount_paid_idr == paid_idr
        assert (state is OrderState.FILLED) == (paid_idr >= now.amount_idr)
        assert await free(db, account_id) == (STAMPS if state is OrderState.FILLED else 0)
    assert (state is OrderState.EXPIRED) <= (EXPIRE in happenings)


def payment(account_id: AccountId, order_id: UUID, no: str) -> ReceivedPayment:
    return ReceivedPayment(
        account_id=account_id,
        order_id=order_id,
        gateway="development",
        payment_no=no,
        amount_idr=PAYMENTS[no],
        paid_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def can_reach(start: OrderState, end: OrderState) -> bool:
    return any(step is end or can_reach(step, end) for step in MOVES[start])


async def free(db: Database, account_id: AccountId) -> int:
    sql = "SELECT coalesce(sum(free), 0)::bigint FROM quota_balances WHERE account_id = $1"
    return int(await db.fetchval(sql, account_id))
