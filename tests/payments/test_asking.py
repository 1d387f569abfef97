"""When gateways are asked, and what follows when no notice ever comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.db.pool import Conn, Database
from bubuh.orders.books import OrderBooks
from bubuh.orders.collect import run_asking, run_asking_pass
from bubuh.orders.show import find_order
from bubuh.payments import store
from bubuh.payments.ask import Asked, ask_due
from bubuh.payments.model import (
    Attempt,
    AttemptState,
    Charge,
    Pace,
    PaymentDetails,
    ReceivedPayment,
    SettleOutcome,
    Word,
    reference_of,
)
from bubuh.payments.moves import MOVES
from tests.gateway_dev.rig import SECRET, Shop, closed_port

S = AttemptState
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


async def next_ask(
    conn: Conn, state: S, *, looked_ago: timedelta | None = None, left: timedelta = HOUR, asks: int = 0
) -> timedelta | None:
    looked_at = None if looked_ago is None else NOW - looked_ago
    when = await conn.fetchval(
        "SELECT payments_next_ask($1, $2, $3, $4, $5)", NOW, str(state), asks, looked_at, NOW + left
    )
    return None if when is None else when - NOW


@pytest.mark.parametrize("state", [S.UNKNOWN, S.OPEN, S.CLOSED])
@pytest.mark.parametrize("left", [HOUR, timedelta(seconds=30), -timedelta(seconds=30), -5 * HOUR, -50 * HOUR])
async def test_within_60_s_while_somebody_looks(conn: Conn, state: S, left: timedelta) -> None:
    for looked_ago in (timedelta(0), timedelta(minutes=14, seconds=59)):
        wait = await next_ask(conn, state, looked_ago=looked_ago, left=left, asks=50)
        assert wait is not None
        assert timedelta(seconds=5) < wait <= timedelta(seconds=45)


async def test_backs_off_to_5_minutes_when_nobody_looks(conn: Conn) -> None:
    waits = [await next_ask(conn, S.OPEN, asks=asks, looked_ago=timedelta(minutes=16)) for asks in range(8)]
    assert [wait and wait.total_seconds() for wait in waits] == [40, 80, 160, 300, 300, 300, 300, 300]


async def test_once_before_expiry_and_once_after(conn: Conn) -> None:
    """Followed from question to question, the whole life through: one falls in the last minute, one after."""
    left, asked = HOUR, []
    while (wait := await next_ask(conn, S.CLOSED, left=left, asks=9)) is not None:
        left -= wait
        asked.append(left)
    assert len([moment for moment in asked if timedelta(0) <= moment <= timedelta(minutes=1)]) == 1
    assert [moment for moment in asked if moment < timedelta(0)] == [-timedelta(minutes=1)]


async def test_what_the_gateway_has_not_closed_is_asked_about_for_a_day(conn: Conn) -> None:
    left, after = -timedelta(minutes=2), 0
    while (wait := await next_ask(conn, S.OPEN, left=left, asks=9)) is not None:
        left -= wait
        after += 1
    assert 5 < after < 20
    assert -timedelta(days=3) < left < -timedelta(days=1)


@pytest.mark.parametrize("left", [HOUR, -HOUR])
async def test_what_is_paid_is_never_asked_about(conn: Conn, left: timedelta) -> None:
    assert await next_ask(conn, S.PAID, looked_ago=timedelta(0), left=left) is None


async def test_sql_moves_attempts_as_the_table_says(shop: Shop, owner_conn: Conn) -> None:
    await shop.place(1)
    (attempt,) = await attempts(shop.db)
    for before, then in product(S, S):
        await owner_conn.execute("UPDATE payment_attempts SET next_ask_at = NULL, state = $1", str(before))
        word = Word(attempt=attempt, charge=Charge(reference=attempt.reference, state=then))
        await store.record_n(shop.db, attempt.shard, [word])
        (after,) = await attempts(shop.db)
        assert after.state is (then if then in MOVES[before] else before)


async def test_what_a_payer_needs_stays_when_the_gateway_no_longer_tells_it(shop: Shop) -> None:
    placed = await shop.place(1)
    (attempt,) = await attempts(shop.db)
    quiet = Charge(reference=attempt.reference, state=S.CLOSED, details=PaymentDetails(va="1"))
    await store.record_n(shop.db, attempt.shard, [Word(attempt=attempt, charge=quiet)])
    shown = await find_order(shop.db, shop.account_id, placed.shown.order.id)
    assert shown.payment is not None
    assert placed.shown.payment is not None
    assert (shown.payment.va, shown.payment.qris) == ("1", placed.shown.payment.qris)


class SlowPaced(DevelopmentGateway):
    """One call at a time."""

    pace = Pace(per_s=1e6, burst=1_000, at_once=1)  # type: ignore[misc]


async def attempts(db: Database) -> list[Attempt]:
    row = await db.fetchrow("SELECT account_id, order_id FROM payment_attempts")
    assert row is not None
    return await store.find_attempts(db, account_id=row["account_id"], order_id=row["order_id"])


# ------------------------------------------------------------------ asking for real


async def make_due(db: Database) -> None:
    await db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")


async def test_a_lost_notice_is_made_good_by_asking(shop: Shop) -> None:
    placed = await shop.place(3)
    await shop.running.pay(reference_of(placed.shown.order.id))  # nobody hears its notice
    assert await run_asking_pass(shop.db, shop.gateways) == Asked(asked=0, answered=0)
    assert await shop.free() == 0
    due_in = await shop.db.fetchval("SELECT next_ask_at - now() FROM payment_attempts")
    assert timedelta(0) < due_in <= timedelta(seconds=40)
    await make_due(shop.db)
    assert await run_asking_pass(shop.db, shop.gateways) == Asked(asked=1, answered=1)
    assert await shop.free() == 3
    assert await run_asking_pass(shop.db, shop.gateways) == Asked(asked=0, answered=0)


async def test_two_workers_ask_once(shop: Shop) -> None:
    for _ in range(10):
        await shop.place(1)
    await make_due(shop.db)
    passes = await asyncio.gather(*(run_asking_pass(shop.db, shop.gateways) for _ in range(3)))
    assert sum(asked.asked for asked in passes) == 10


async def test_a_pass_takes_no_more_than_it_may(shop: Shop) -> None:
    for _ in range(5):
        await shop.place(1)
    await make_due(shop.db)
    assert (await run_asking_pass(shop.db, shop.gateways, at_most=3)).asked == 3
    assert (await run_asking_pass(shop.db, shop.gateways, at_most=3)).asked == 2


async def test_an_order_that_is_over_is_closed_at_the_gateway(shop: Shop, owner_conn: Conn) -> None:
    placed = await shop.place(3)
    reference = reference_of(placed.shown.order.id)
    await owner_conn.execute("UPDATE payment_attempts SET expires_at = now()")
    await make_due(shop.db)
    await run_asking_pass(shop.db, shop.gateways)
    charge = await shop.gateway.status(reference)
    assert charge is not None
    assert charge.state is S.CLOSED
    (attempt,) = await attempts(shop.db)
    assert attempt.state is S.CLOSED
    await shop.running.pay(reference, insist=True)
    await make_due(shop.db)
    await run_asking_pass(shop.db, shop.gateways)
    assert await shop.free() == 3


async def test_a_charge_the_gateway_forgot_is_made_again(shop: Shop) -> None:
    placed = await shop.place(3)
    reference = reference_of(placed.shown.order.id)
    lines = shop.running.book_path
    assert reference in lines.read_text()
    shop.running.end()
    lines.write_text("".join(line for line in lines.open() if reference not in line))
    shop.running.start()
    assert await shop.gateway.status(reference) is None
    await make_due(shop.db)
    await run_asking_pass(shop.db, shop.gateways)
    charge = await shop.gateway.status(reference)
    assert charge is not None
    assert charge.state is S.OPEN


async def test_a_dead_gateway_is_asked_again_later_and_holds_no_connection(shop: Shop) -> None:
    await shop.place(3)
    await make_due(shop.db)
    dead = DevelopmentGateway(closed_port(), [SECRET])
    assert await run_asking_pass(shop.db, {"development": dead}) == Asked(asked=1, answered=0)
    await dead.close()
    row = await shop.db.fetchrow("SELECT fault, next_ask_at > now() AS later FROM payment_attempts")
    assert row is not None
    assert tuple(row) == ("gateway_unavailable", True)
    await make_due(shop.db)
    assert (await run_asking_pass(shop.db, shop.gateways)).answered == 1
    assert await shop.db.fetchval("SELECT fault FROM payment_attempts") is None


async def test_a_slow_gateway_holds_no_connection(shop: Shop) -> None:
    await shop.place(1)
    await make_due(shop.db)
    await shop.running.script(slow_s=1)
    asking = asyncio.create_task(run_asking_pass(shop.db, shop.gateways))
    await asyncio.sleep(0.3)
    held = [await asyncio.wait_for(shop.db.fetchval("SELECT 1"), 0.5) for _ in range(8)]
    assert held == [1] * 8
    assert not asking.done()
    assert (await asking).answered == 1


async def test_a_gateway_is_asked_while_another_one_is_left_to_somebody_else(shop: Shop) -> None:
    await shop.place(1)
    await make_due(shop.db)
    gateways = {"development": shop.gateway, "other": shop.gateway}
    assert (await run_asking_pass(shop.db, gateways, but=["development"])).asked == 0
    assert (await run_asking_pass(shop.db, gateways, but=["other"])).answered == 1


async def test_all_that_is_due_is_asked_in_short_passes(shop: Shop) -> None:
    for _ in range(9):
        await shop.place(1)
    await make_due(shop.db)
    slow = SlowPaced(shop.running.address, [SECRET])
    await run_asking(shop.db, {"development": slow}, name="development")
    await slow.close()
    assert await shop.db.fetchval("SELECT count(*) FROM payment_attempts WHERE asked_at IS NOT NULL") == 9


async def test_a_gateway_no_longer_configured_is_a_fault_on_the_attempt(shop: Shop) -> None:
    await shop.place(1)
    await make_due(shop.db)
    assert await run_asking_pass(shop.db, {}) == Asked(asked=1, answered=0)
    assert await shop.db.fetchval("SELECT fault FROM payment_attempts") == "not_found"


async def test_a_crash_between_credit_and_record_is_made_good(shop: Shop) -> None:
    """Settling is committed, then the worker dies: the next question finds the money counted and goes on."""
    placed = await shop.place(3)
    await shop.running.pay(reference_of(placed.shown.order.id))
    await make_due(shop.db)

    class Dying(OrderBooks):
        async def settle(self, payments: Sequence[ReceivedPayment]) -> list[SettleOutcome]:
            await super().settle(payments)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await ask_due(shop.db, shop.gateways, Dying(shop.db))
    assert await shop.free() == 3
    await make_due(shop.db)
    assert (await run_asking_pass(shop.db, shop.gateways)).answered == 1
    assert await shop.free() == 3
    (attempt,) = await attempts(shop.db)
    assert attempt.state is S.PAID


async def test_looking_brings_the_next_question_nearer(shop: Shop, owner_conn: Conn) -> None:
    placed = await shop.place(3)
    await owner_conn.execute(
        "UPDATE payment_attempts"
        " SET looked_at = now() - interval '1 h', asks = 9, next_ask_at = now() + interval '5 min'"
    )
    await find_order(shop.db, shop.account_id, placed.shown.order.id)
    due_in = await shop.db.fetchval("SELECT next_ask_at - now() FROM payment_attempts")
    assert due_in <= timedelta(seconds=40)
    noted = "SELECT looked_at, xmin::text FROM payment_attempts"
    before = await shop.db.fetchrow(noted)
    await find_order(shop.db, shop.account_id, placed.shown.order.id)
    assert await shop.db.fetchrow(noted) == before  # once a minute, however often it is looked at
