"""Placing, showing, checking, settling and expiring orders, with a real gateway."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from random import Random
from uuid import UUID

import asyncpg
import pytest

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.core.ids import AccountId, derived_id, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.orders import store
from bubuh.orders.check import check
from bubuh.orders.collect import run_asking_pass
from bubuh.orders.expire import Expirer
from bubuh.orders.model import MOST_STAMPS, OrderState, WantedOrder
from bubuh.orders.moves import MOVES
from bubuh.orders.place import PlaceBatches
from bubuh.orders.refusals import OneOrder, OrderUnknown, StampsOutOfRange
from bubuh.orders.settle import settle
from bubuh.orders.show import find_order, show_order
from bubuh.payments.model import Method, ReceivedPayment, SettleOutcome, reference_of
from bubuh.payments.refusals import GatewayUnavailable
from tests.conftest import Dsns
from tests.gateway_dev.rig import SECRET, Shop, closed_port, make_principal
from tests.orders.bare import bare_order, place_bare

S = OrderState
PAID_AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def payment(shop: Shop, order_id: UUID, amount_idr: int, *, no: str = "pay_1") -> ReceivedPayment:
    return ReceivedPayment(
        account_id=shop.account_id,
        order_id=order_id,
        gateway="development",
        payment_no=no,
        amount_idr=amount_idr,
        paid_at=PAID_AT,
    )


# ------------------------------------------------------------------ placing


@pytest.mark.parametrize("method", list(Method))
async def test_a_placed_order_says_how_to_pay(shop: Shop, method: Method) -> None:
    placed = await shop.place(3, method=method)
    order, details = placed.shown.order, placed.shown.payment
    assert not placed.replayed
    assert (order.state, order.stamps, order.amount_idr, order.amount_paid_idr) == (S.PLACED, 3, 30_000, 0)
    assert (order.expires_at - order.placed_at).total_seconds() == 3600
    assert details is not None
    assert (details.qris is None, details.va is None) == (method is Method.VA, method is Method.QRIS)
    assert details.pay_url is not None
    assert details.pay_url.startswith(shop.running.address)


async def test_a_replay_shows_the_order_as_it_is_now(shop: Shop) -> None:
    order_id = derived_id(shop.account_id, "orders", "key-1")
    first = await shop.place(3, order_id=order_id)
    again = await shop.place(3, order_id=order_id)
    assert again == replace(first, replayed=True)
    await shop.running.pay(reference_of(order_id))
    await check_later(shop, order_id)
    assert (await shop.place(3, order_id=order_id)).shown.order.state is S.FILLED
    assert await shop.db.fetchval("SELECT count(*) FROM orders") == 1


async def test_20_parallel_requests_with_one_key_are_one_order(shop: Shop) -> None:
    order_id = derived_id(shop.account_id, "orders", "key-1")
    placed = await asyncio.gather(*(shop.place(3, order_id=order_id) for _ in range(20)))
    assert sum(not one.replayed for one in placed) == 1
    assert {one.shown.order.id for one in placed} == {order_id}
    assert (
        len([charge for charge in await shop.running.book() if reference_of(order_id) == charge["reference"]])
        == 1
    )


async def test_however_many_ask_at_once_while_people_queue_an_account_has_one_open_order(
    shop: Shop, dsns: Dsns
) -> None:
    ids = [fresh_id(shop.account_id) for _ in range(60)]
    async with (
        await Database.open(dsns.app, size=8) as one,
        await Database.open(dsns.app, size=8) as other,
    ):
        processes = PlaceBatches.self_clocked(one), PlaceBatches.self_clocked(other)
        alone = PlaceBatches.one_by_one(other)
        ways = [*processes, alone]

        async def ask(at: int) -> str:
            try:
                placed = await shop.place(1, order_id=ids[at], batches=ways[at % 3], is_only=True)
            except OneOrder:
                return "one_order"
            return str(placed.shown.order.id)

        outcomes = Counter(await asyncio.gather(*(ask(at) for at in range(len(ids)))))
    (winner,) = outcomes.keys() - {"one_order"}
    assert outcomes == {winner: 1, "one_order": 59}
    assert await shop.db.fetchval("SELECT count(*) FROM orders") == 1
    assert await shop.db.fetchval("SELECT count(*) FROM payment_attempts") == 1
    assert (await shop.place(1, order_id=UUID(winner), is_only=True)).replayed, "the same form again"
    await settle(shop.db, [payment(shop, UUID(winner), 10_000)])
    assert not (await shop.place(1, is_only=True)).replayed, "and once it is paid the next"


@pytest.mark.parametrize("was_only", [False, True])
async def test_an_open_order_of_before_counts_too_and_one_that_expired_does_not(
    shop: Shop,
    was_only: bool,  # noqa: FBT001
) -> None:
    await shop.place(1, valid_s=0, is_only=was_only)
    with pytest.raises(OneOrder):
        await shop.place(1, is_only=True)
    await shop.place(1, valid_s=0)  # nobody queues: as many as one wants
    await Expirer(shop.db).expire()
    assert not (await shop.place(1, is_only=True)).replayed


async def test_many_accounts_that_order_in_any_order_wait_for_each_other_and_lock_nobody_up(
    dsns: Dsns, owner_conn: Conn
) -> None:
    """Four processes write the same accounts' orders in batches, each account once in either."""
    first = fresh_account_id()
    accounts = [AccountId(first + 64 * at) for at in range(20)]
    shard = shard_of_account(first)
    async with await Database.open(dsns.app, size=4) as db:
        for turn in range(20):
            batches = [
                [bare_order(one, is_only=True) for one in Random(turn * 4 + process).sample(accounts, 20)]
                for process in range(4)
            ]
            done = await asyncio.gather(*(store.place_n(db, shard, batch) for batch in batches))
            assert Counter(one.outcome for each in done for one in each) == {"done": 20, "one_order": 60}
            await owner_conn.execute("UPDATE orders SET state = 'filled', amount_paid_idr = amount_idr")


@pytest.mark.parametrize(("stamps", "method"), [(4, Method.QRIS), (3, Method.VA)])
async def test_one_key_for_another_request_is_refused(shop: Shop, stamps: int, method: Method) -> None:
    order_id = derived_id(shop.account_id, "orders", "key-1")
    await shop.place(3, order_id=order_id)
    with pytest.raises(IdempotencyConflict):
        await shop.place(stamps, method=method, order_id=order_id)


@pytest.mark.parametrize("stamps", [0, -1, MOST_STAMPS + 1])
async def test_too_few_or_too_many_stamps(shop: Shop, stamps: int) -> None:
    with pytest.raises(StampsOutOfRange) as refused:
        await shop.place(stamps)
    assert refused.value.pointer == "/stamps"
    assert await shop.db.fetchval("SELECT count(*) FROM orders") == 0


@pytest.mark.parametrize("stamps", [1, MOST_STAMPS])
async def test_the_ends_of_the_range_can_be_bought(shop: Shop, stamps: int) -> None:
    assert (await shop.place(stamps)).shown.order.amount_idr == stamps * 10_000


def test_a_request_is_told_from_every_other() -> None:
    hashes = {WantedOrder(stamps=n, method=m).sha256 for n in range(1, MOST_STAMPS + 1) for m in Method}
    assert len(hashes) == 2 * MOST_STAMPS


# ------------------------------------------------------------------ a gateway that fails


async def test_with_the_gateway_down_the_order_stands_and_is_completed_later(shop: Shop) -> None:
    dead = DevelopmentGateway(closed_port(), [SECRET])
    placed = await replace(shop, gateway=dead).place(3)
    await dead.close()
    assert placed.shown.order.state is S.PLACED
    assert placed.shown.payment is None
    await shop.db.execute("UPDATE payment_attempts SET next_ask_at = now()")
    await run_asking_pass(shop.db, shop.gateways)
    shown = await find_order(shop.db, shop.account_id, placed.shown.order.id)
    assert shown.payment is not None
    assert shown.payment.qris


@pytest.mark.parametrize("faults", [{"fail": 1}, {"garbage": 1}])
async def test_an_unusable_answer_leaves_the_outcome_unknown_and_a_replay_finds_it(
    shop: Shop, faults: dict[str, float]
) -> None:
    order_id = fresh_id(shop.account_id)
    await shop.running.script(**faults)
    assert (await shop.place(3, order_id=order_id)).shown.payment is None
    assert await shop.db.fetchval("SELECT state FROM payment_attempts") == "unknown"
    await shop.running.script()
    again = await shop.place(3, order_id=order_id)
    assert again.replayed
    assert again.shown.payment is not None
    book = [charge for charge in await shop.running.book() if charge["reference"] == reference_of(order_id)]
    assert len(book) == 1


async def test_a_crash_before_the_gateway_heard_is_completed_by_a_replay(shop: Shop) -> None:
    """The process dies between the commit and the call: the gateway knows nothing, the row says so."""

    class Died(BaseException):
        pass

    class Dying(DevelopmentGateway):
        async def create(self, wanted: object) -> object:  # type: ignore[override]
            raise Died

    order_id = fresh_id(shop.account_id)
    dying = Dying(lambda: shop.running.address, [SECRET])
    with pytest.raises(Died):
        await replace(shop, gateway=dying).place(3, order_id=order_id)
    await dying.close()
    assert await shop.gateway.status(reference_of(order_id)) is None
    again = await shop.place(3, order_id=order_id)
    assert again.replayed
    assert again.shown.payment is not None


async def test_money_paid_before_a_replay_is_credited_by_it(shop: Shop, owner_conn: Conn) -> None:
    """The answer to create was lost, and the buyer paid by another way to the page."""
    order_id = fresh_id(shop.account_id)
    await shop.place(3, order_id=order_id)
    await owner_conn.execute("UPDATE payment_attempts SET state = 'unknown'")
    await shop.running.pay(reference_of(order_id))
    assert (await shop.place(3, order_id=order_id)).shown.order.state is S.FILLED
    assert await shop.free() == 3


# ------------------------------------------------------------------ showing and checking


async def test_a_foreign_order_and_no_order_look_equal(shop: Shop) -> None:
    placed = await shop.place(3)
    stranger = make_principal().account_id
    for account_id, order_id in (
        (stranger, placed.shown.order.id),
        (shop.account_id, fresh_id(shop.account_id)),
    ):
        with pytest.raises(OrderUnknown):
            await find_order(shop.db, account_id, order_id)
        with pytest.raises(OrderUnknown):
            await check(shop.db, account_id, order_id, gateways=shop.gateways)
    shown = await shop.db.fetchval("SELECT asked_at FROM payment_attempts")
    assert shown is None


async def test_checking_asks_now(shop: Shop) -> None:
    placed = await shop.place(3)
    order_id = placed.shown.order.id
    assert (await check(shop.db, shop.account_id, order_id, gateways=shop.gateways)).order.state is S.PLACED
    await shop.running.pay(reference_of(order_id))
    again = await check(shop.db, shop.account_id, order_id, gateways=shop.gateways)
    assert again.order.state is S.PLACED  # asked less than 2 s ago
    assert (await check_later(shop, order_id)).value == "filled"
    assert await shop.free() == 3


async def check_later(shop: Shop, order_id: UUID) -> OrderState:
    await shop.db.execute("UPDATE payment_attempts SET asked_at = now() - interval '3 s'")
    return (await check(shop.db, shop.account_id, order_id, gateways=shop.gateways)).order.state


async def test_checking_with_the_gateway_down_says_so(shop: Shop) -> None:
    placed = await shop.place(3)
    dead = DevelopmentGateway(closed_port(), [SECRET])
    with pytest.raises(GatewayUnavailable):
        await check(shop.db, shop.account_id, placed.shown.order.id, gateways={"development": dead})
    await dead.close()
    assert (await find_order(shop.db, shop.account_id, placed.shown.order.id)).order.state is S.PLACED


async def test_a_filled_order_is_not_asked_about(shop: Shop) -> None:
    placed = await shop.place(3)
    await shop.running.pay(reference_of(placed.shown.order.id))
    await check_later(shop, placed.shown.order.id)
    dead = DevelopmentGateway(closed_port(), [SECRET])
    shown = await check(shop.db, shop.account_id, placed.shown.order.id, gateways={"development": dead})
    await dead.close()
    assert shown.order.state is S.FILLED


# ------------------------------------------------------------------ expiring, and late money


async def test_orders_expire_by_the_databases_clock(shop: Shop) -> None:
    late, early = await shop.place(1, valid_s=0), await shop.place(1)
    assert await Expirer(shop.db).expire() == 1
    assert await Expirer(shop.db).expire() == 0
    states = [
        (await show_order(shop.db, shop.account_id, one.shown.order.id)).order.state for one in (late, early)
    ]
    assert states == [S.EXPIRED, S.PLACED]
    assert await shop.events(late.shown.order.id) == {"placed", "expired"}


async def test_money_after_expiry_is_credited(shop: Shop, owner_conn: Conn) -> None:
    order_id = (await shop.place(3)).shown.order.id
    for table in ("orders", "payment_attempts"):
        await owner_conn.execute(f"UPDATE {table} SET expires_at = now()")
    assert await Expirer(shop.db).expire() == 1
    await shop.running.pay(reference_of(order_id), insist=True)
    await shop.db.execute("UPDATE payment_attempts SET next_ask_at = now()")
    await run_asking_pass(shop.db, shop.gateways)
    assert (await show_order(shop.db, shop.account_id, order_id)).order.state is S.FILLED
    assert await shop.free() == 3
    assert await shop.events(order_id) == {"placed", "expired", "paid", "filled"}


async def test_expiring_and_settling_at_once_end_filled(shop: Shop) -> None:
    orders = [(await shop.place(1, valid_s=0)).shown.order.id for _ in range(20)]
    payments = [payment(shop, order_id, 10_000, no=str(order_id)) for order_id in orders]
    await asyncio.gather(
        *(settle(shop.db, payments[n::4]) for n in range(4)), *(Expirer(shop.db).expire() for _ in range(4))
    )
    assert await shop.free() == 20
    for order_id in orders:
        assert {"placed", "paid", "filled"} <= await shop.events(order_id)


# ------------------------------------------------------------------ settling


@pytest.mark.parametrize(
    ("amounts", "outcomes", "state", "free"),
    [
        ([30_000], ["done"], S.FILLED, 3),
        ([30_001], ["done"], S.FILLED, 3),
        ([29_999], ["underpaid"], S.PLACED, 0),
        ([29_999, 1], ["underpaid", "done"], S.FILLED, 3),
        ([30_000, 30_000], ["done", "surplus"], S.FILLED, 3),
    ],
)
async def test_right_over_under_partial_and_double(
    shop: Shop, amounts: list[int], outcomes: list[str], state: S, free: int
) -> None:
    order_id = (await shop.place(3)).shown.order.id
    payments = [payment(shop, order_id, amount, no=f"pay_{no}") for no, amount in enumerate(amounts)]
    assert await settle(shop.db, payments) == outcomes
    repeated = await settle(shop.db, payments)
    assert set(repeated) <= {SettleOutcome.ALREADY_DONE, SettleOutcome.UNDERPAID}
    order = (await show_order(shop.db, shop.account_id, order_id)).order
    assert (order.state, order.amount_paid_idr) == (state, sum(amounts))
    assert await shop.free() == free


async def test_a_payment_with_two_amounts_counts_as_it_came_first(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    first, second = payment(shop, order_id, 20_000), payment(shop, order_id, 30_000)
    assert await settle(shop.db, [first, second]) == ["underpaid", "conflict"]
    assert await shop.free() == 0


async def test_money_for_no_order_is_told_as_unknown(shop: Shop) -> None:
    assert await settle(shop.db, [payment(shop, fresh_id(shop.account_id), 10_000)]) == ["unknown"]
    assert await shop.db.fetchval("SELECT count(*) FROM order_payments") == 0


async def test_accounts_of_many_shards_settle_together(shop: Shop) -> None:
    shops = [replace(shop, principal=make_principal()) for _ in range(10)]
    orders = [(await one.place(2)).shown.order.id for one in shops]
    payments = [payment(one, order_id, 20_000) for one, order_id in zip(shops, orders, strict=True)]
    strange = payment(shop, fresh_id(shop.account_id), 1)
    assert await settle(shop.db, [*payments, strange]) == ["done"] * 10 + ["unknown"]
    assert [await one.free() for one in shops] == [2] * 10


async def test_one_payment_settled_by_50_at_once_fills_once(shop: Shop) -> None:
    order_id = (await shop.place(3)).shown.order.id
    outcomes = await asyncio.gather(*(settle(shop.db, [payment(shop, order_id, 30_000)]) for _ in range(50)))
    assert sorted(outcome for (outcome,) in outcomes) == ["already_done"] * 49 + ["done"]
    assert await shop.free() == 3


async def test_batches_in_opposite_order_do_not_lock_each_other_out(shop: Shop) -> None:
    """Deadlocks would surface as DatabaseUnavailable."""
    orders = [(await shop.place(1)).shown.order.id for _ in range(10)]
    payments = [payment(shop, order_id, 10_000, no=str(order_id)) for order_id in orders]
    await asyncio.gather(*(settle(shop.db, payments[::step]) for step in (1, -1) * 10))
    assert await shop.free() == 10


# ------------------------------------------------------------------ states


async def test_sql_moves_orders_as_the_table_says(shop: Shop, owner_conn: Conn) -> None:
    for start, act in product(S, ("settle", "expire")):
        order_id = (await shop.place(1, valid_s=0)).shown.order.id
        await put_into(shop, owner_conn, order_id, start)
        if act == "settle":
            await settle(shop.db, [payment(shop, order_id, 10_000, no="pay_2")])
            wanted = S.FILLED
        else:
            await Expirer(shop.db).expire()
            wanted = S.EXPIRED if S.EXPIRED in MOVES[start] else start
        end = (await show_order(shop.db, shop.account_id, order_id)).order.state
        assert end is wanted
        assert end in reachable(start)


async def put_into(shop: Shop, owner_conn: Conn, order_id: UUID, state: S) -> None:
    """Bring an order into `state`; by hand where no act of ours does so or stays there."""
    if state is S.FILLED:
        await settle(shop.db, [payment(shop, order_id, 10_000)])
    else:
        sql = "UPDATE orders SET state = $2, amount_paid_idr = $3 WHERE id = $1"
        await owner_conn.execute(sql, order_id, str(state), 10_000 if state is S.PAID else 0)


def reachable(start: S) -> set[S]:
    found, left = {start}, [start]
    while left:
        new = MOVES[left.pop()].keys() - found
        found |= new
        left += new
    return found


def test_from_every_state_money_leads_to_filled() -> None:
    assert all(S.FILLED in reachable(state) for state in S)
    assert reachable(S.FILLED) == {S.FILLED}


async def test_an_orders_id_must_name_its_shard(conn: Conn) -> None:
    account_id = AccountId(65)
    with pytest.raises(asyncpg.CheckViolationError, match="orders_id_names_shard"):
        await place_bare(conn, account_id, UUID(bytes=b"\x02" + bytes(15)), stamps=1)


async def test_an_order_cannot_be_filled_for_less(shop: Shop, owner_conn: Conn, db: Database) -> None:
    await shop.place(1)
    with pytest.raises(asyncpg.CheckViolationError, match="orders_paid_whole"):
        await owner_conn.execute("UPDATE orders SET state = 'filled'")
    assert await db.fetchval("SELECT state FROM orders") == "placed"
