"""Random asking of the money functions, many requests at a time, held against the oracle and the books."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bubuh.core.ids import AccountId, derived_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.orders import store as orders
from bubuh.payments.model import ReceivedPayment
from bubuh.quota import store
from bubuh.quota.invariants import Difference, Invariant, Scope
from bubuh.quota.model import (
    Balance,
    Leg,
    Outcome,
    Purpose,
    Result,
    ShareOutcome,
    Sink,
    Source,
    WantedAllotment,
    WantedEnd,
    WantedHold,
    WantedLeg,
)
from bubuh.quota.moves import HoldState
from bubuh.quota.reconcile import ask
from tests.orders.bare import place_bare
from tests.quota.model import PRICE_IDR, Books, Key

ACCOUNTS = 4  # the first three of one shard, the last of another
CHILDREN = {4: 0, 5: 0, 6: 1}  # of the first shard too, and whose they are
HOLDERS = [0, 1, 2, *CHILDREN]
IDS = 7
NOTHING = Balance(free=0, held=0, used=0, in_transit=0, frozen=False)
whom = st.integers(0, ACCOUNTS - 1)
ids = st.integers(0, IDS - 1)
amounts = st.integers(1, 4)
requests = st.lists(
    st.tuples(st.integers(0, 2), ids, amounts), min_size=1, max_size=6, unique_by=lambda r: r[:2]
)
holdings = st.lists(
    st.tuples(st.sampled_from(HOLDERS), ids, amounts), min_size=1, max_size=8, unique_by=lambda r: r[:2]
)


Asked = list[tuple[int, int, int]]  # account, id, stamps
Batch = tuple[str, Asked]


class QuotaMachine(RuleBasedStateMachine):
    """`world` is set by the test: how to run a coroutine, the application's pool, the owner's connection."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    db: Database
    owner: Conn
    steps = 0  #: of all examples

    @initialize()
    def open_accounts(self) -> None:
        """New accounts for each example, so that one database serves all."""
        base = 1 + secrets.randbits(50)
        self.accounts = [AccountId(base + offset) for offset in (64, 192, 256, 1, 0, 320, 128)]
        self.books = Books()
        for child, parent in CHILDREN.items():
            ids = (self.accounts[parent], self.accounts[child])
            opened = self.run(self.shared("open", *ids, "Anak", 5))
            assert opened is ShareOutcome.DONE
            self.books.share(self.accounts[child], parent=self.accounts[parent], limit=5)
        self.allot([(who, 0, 4) for who in range(3)])

    def id_of(self, who: int, number: int) -> UUID:
        return derived_id(self.accounts[who], "machine", str(number))

    def check(self, results: Sequence[Result], outcomes: Sequence[Outcome], wanted: Sequence[Any]) -> None:
        """The database answered what the oracle did, request by request, with the balance after the batch."""
        assert [result.outcome for result in results] == list(outcomes)
        for result, want in zip(results, wanted, strict=True):
            held = self.books.purses[want.account_id].held
            assert (result.free, result.held) == (self.books.left(want.account_id), held)
            assert result.id == (want.id if isinstance(want, WantedHold | WantedEnd) else want.ref)

    def shard(self, who: int = 0) -> Shard:
        return shard_of_account(self.accounts[who])

    @rule(asked=requests)
    def allot(self, asked: Asked) -> None:
        wanted = [
            WantedAllotment(
                ref=self.id_of(who, number),
                account_id=self.accounts[who],
                stamps=stamps,
                source=Source.MINTED,
                actor="m",
            )
            for who, number, stamps in asked
        ]
        results = self.run(store.allot_n(self.db, self.shard(), wanted))
        self.check(results, [self.books.allot(want) for want in wanted], wanted)

    @rule(asked=holdings)
    def hold(self, asked: Asked) -> None:
        wanted = self.holds(asked)
        results = self.run(store.hold_n(self.db, self.shard(), wanted, purpose=Purpose.REFUND))
        self.check(results, self.books.hold_n(wanted), wanted)

    @rule(asked=holdings, sink=st.sampled_from(Sink))
    def capture(self, asked: Asked, sink: Sink) -> None:
        wanted = self.ends(asked)
        results = self.run(store.capture_n(self.db, self.shard(), wanted, sink=sink))
        self.check(results, [self.books.capture(want, sink) for want in wanted], wanted)

    @rule(child=st.sampled_from(list(CHILDREN)), limit=st.integers(0, 12), closed=st.booleans())
    def change_share(self, child: int, limit: int, closed: bool) -> None:  # noqa: FBT001
        """A parent sets a limit, perhaps below what counts; closes, opens again, or changes nothing."""
        parent, account_id = self.accounts[CHILDREN[child]], self.accounts[child]
        found = self.run(self.shared("change", parent, account_id, limit, closed))
        assert found is self.books.change_share(account_id, limit=limit, closed=closed)

    @rule(
        asked=st.lists(
            st.tuples(st.sampled_from(HOLDERS), st.sampled_from(HOLDERS), ids), min_size=1, max_size=4
        )
    )
    def end_what_is_anothers(self, asked: list[tuple[int, int, int]]) -> None:
        """A parent its child's hold, a child its parent's or its sibling's: to each it does not exist."""
        for who, whose, number in asked:
            wanted = WantedEnd(id=self.id_of(whose, number), account_id=self.accounts[who], actor="m")
            results = self.run(store.release_n(self.db, self.shard(), [wanted]))
            self.check(results, [self.books.release(wanted)], [wanted])

    @rule(asked=holdings)
    def release(self, asked: Asked) -> None:
        wanted = self.ends(asked)
        results = self.run(store.release_n(self.db, self.shard(), wanted))
        self.check(results, [self.books.release(want) for want in wanted], wanted)

    @rule(which=st.integers(0, 50), captures=st.booleans())
    def end_what_has_ended(self, which: int, captures: bool) -> None:  # noqa: FBT001
        """Again, or the other way: what was used stays used, what came back stays back."""
        ended = [key for key, hold in self.books.holds.items() if hold.state is not HoldState.HELD]
        if not ended:  # no precondition: two batches at once end one way or the other
            return
        account_id, hold_id = ended[which % len(ended)]
        wanted = WantedEnd(id=hold_id, account_id=account_id, actor="m")
        if captures:
            results = self.run(store.capture_n(self.db, self.shard(), [wanted], sink=Sink.USED))
            self.check(results, [self.books.capture(wanted, Sink.USED)], [wanted])
        else:
            results = self.run(store.release_n(self.db, self.shard(), [wanted]))
            self.check(results, [self.books.release(wanted)], [wanted])

    @rule(asked=requests, to=whom)
    def send(self, asked: Asked, to: int) -> None:
        self.step(
            Leg.OUT,
            [
                WantedLeg(
                    ref=self.id_of(who, number),
                    account_id=self.accounts[who],
                    counter_account_id=self.accounts[to],
                    stamps=stamps,
                    actor="m",
                )
                for who, number, stamps in asked
                if who != to
            ],
        )

    @rule(which=st.lists(st.integers(0, 20), min_size=1, max_size=4), acknowledge=st.booleans())
    def deliver(self, which: list[int], acknowledge: bool) -> None:  # noqa: FBT001
        """Some of what was sent arrives, perhaps again; perhaps the giver is told."""
        sent = list(self.books.sent())
        for out in {number % len(sent): sent[number % len(sent)] for number in which if sent}.values():
            self.step(Leg.IN, [turned(out)])
            if acknowledge:
                self.step(Leg.ACK, [out])

    @rule(who=whom, number=ids, stamps=amounts, to=whom)
    def acknowledge_anything(self, who: int, number: int, stamps: int, to: int) -> None:
        """An ack that may fit no out leg: refused; or one that fits, of a transfer that has arrived."""
        wanted = WantedLeg(
            ref=self.id_of(who, number),
            account_id=self.accounts[who],
            counter_account_id=self.accounts[to],
            stamps=stamps,
            actor="m",
        )
        if self.books.legs.get((Leg.OUT, wanted.account_id, wanted.ref)) == (self.accounts[to], stamps):
            self.step(Leg.IN, [turned(wanted)])
        self.step(Leg.ACK, [wanted])

    @rule(who=whom, number=ids, stamps=amounts, is_due=st.booleans())
    def place(self, who: int, number: int, stamps: int, is_due: bool) -> None:  # noqa: FBT001
        """An order, perhaps again with another number, perhaps one whose time is over at once."""
        key = (self.accounts[who], derived_id(self.accounts[who], "order", str(number)))
        found = self.run(self.placed(key, stamps, valid_s=0.0 if is_due else 9e6))
        assert found == self.books.place(key, stamps, is_due=is_due)

    @rule(who=whom, number=ids, payment_no=st.integers(0, 2), stamps=amounts, again=st.booleans())
    def settle(self, who: int, number: int, payment_no: int, stamps: int, again: bool) -> None:  # noqa: FBT001
        """Money for an order: enough or not, late or not, told twice, told otherwise."""
        payment = ReceivedPayment(
            account_id=self.accounts[who],
            order_id=derived_id(self.accounts[who], "order", str(number)),
            gateway="dev",
            payment_no=str(payment_no),
            amount_idr=stamps * PRICE_IDR,
            paid_at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        for _ in range(2 if again else 1):
            (found,) = self.run(orders.settle_n(self.db, shard_of_account(payment.account_id), [payment]))
            key = (payment.account_id, payment.order_id)
            assert found is self.books.settle(key, payment_no, payment.amount_idr)

    @rule()
    def expire(self) -> None:
        expired = self.run(self.expired())
        ours = {order_id for _, order_id in self.books.orders}
        assert expired & ours == self.books.expire(self.accounts)

    @rule(
        first=st.tuples(st.sampled_from(["hold", "capture", "release"]), holdings),
        second=st.tuples(st.sampled_from(["hold", "capture", "release"]), holdings),
    )
    def two_batches_at_once(self, first: Batch, second: Batch) -> None:
        """They end as if one had come after the other, whichever."""
        found = self.run(self.at_once(first, second))
        for turns in ((0, 1), (1, 0)):
            trial = deepcopy(self.books)
            told: dict[int, list[Outcome]] = {turn: self.told(trial, (first, second)[turn]) for turn in turns}
            if [told[0], told[1]] == found:
                self.books = trial
                return
        raise AssertionError(f"{first} and {second} ended as no order of them does: {found}")

    @rule(who=st.sampled_from(HOLDERS), frozen=st.booleans())
    def freeze(self, who: int, frozen: bool) -> None:  # noqa: FBT001
        self.run(
            self.owner.execute(
                "UPDATE quota_balances SET frozen_at = CASE WHEN $2 THEN now() END WHERE account_id = $1",
                self.accounts[who],
                frozen,
            )
        )
        self.books.freeze(self.accounts[who], frozen=frozen)

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        type(self).steps += 1
        found = self.run(self.balances())
        for account_id, balance in zip(self.accounts, found, strict=True):
            purse = self.books.purses[account_id]
            assert balance == self.books.balance(account_id)
            if purse.parent is not None:
                assert balance.held + balance.used <= purse.limit
                continue
            children = [
                self.books.purses[one] for one in self.accounts if self.books.purses[one].parent == account_id
            ]
            assert purse.lent == sum(child.used + child.paid_back for child in children)
            assert purse.allotted + purse.received == (
                balance.free
                + balance.held
                + balance.used
                + balance.in_transit
                + purse.paid_back
                + purse.sent
                + purse.lent
            )

    def teardown(self) -> None:
        """The books, asked by their own invariants, agree on these accounts."""
        found = self.run(self.differences())
        assert [each for each in found if each.account_id in self.accounts] == []

    async def shared(self, what: str, *arguments: Any) -> ShareOutcome:
        statement = {"open": store.SQL.open_share, "change": store.SQL.change_share}[what]
        return ShareOutcome(await self.db.fetchval(statement.sql, self.shard(), *arguments))

    async def placed(self, key: Key, stamps: int, *, valid_s: float) -> str:
        account_id, order_id = key
        async with self.db.connection() as conn:
            return await place_bare(conn, account_id, order_id, stamps=stamps, valid_s=valid_s)

    async def expired(self) -> set[UUID]:
        async with self.db.connection() as conn:
            return {
                order_id
                for shard in {self.shard(0), self.shard(3)}
                for order_id in await orders.expire_n(conn, shard, at_most=100_000)
            }

    async def at_once(self, *batches: Batch) -> list[list[Outcome]]:
        found = await asyncio.gather(*(self.asked(*batch) for batch in batches))
        return [[result.outcome for result in results] for results in found]

    async def asked(self, kind: str, asked: Asked) -> list[Result]:
        if kind == "hold":
            return await store.hold_n(self.db, self.shard(), self.holds(asked), purpose=Purpose.REFUND)
        if kind == "capture":
            return await store.capture_n(self.db, self.shard(), self.ends(asked), sink=Sink.PAID_BACK)
        return await store.release_n(self.db, self.shard(), self.ends(asked))

    def told(self, books: Books, batch: Batch) -> list[Outcome]:
        """What the oracle says to one batch."""
        kind, asked = batch
        if kind == "hold":
            return books.hold_n(self.holds(asked))
        if kind == "capture":
            return [books.capture(wanted, Sink.PAID_BACK) for wanted in self.ends(asked)]
        return [books.release(wanted) for wanted in self.ends(asked)]

    async def balances(self) -> list[Balance]:
        """Of all accounts, as `find_balance` finds them, in one way there and back."""
        there = [account_id for account_id in self.accounts if self.books.purses[account_id].exists]
        wanted = [(shard_of_account(account_id), account_id) for account_id in self.accounts]
        rows = await self.db.fetchmany(store.SQL.find_balance.sql, wanted)
        found = dict(zip(there, map(store._balance, rows), strict=True))
        return [found.get(account_id) or NOTHING for account_id in self.accounts]

    async def differences(self) -> list[Difference]:
        return [
            difference
            for shard in (self.shard(0), self.shard(3))
            for asked in (
                Invariant.CONSERVATION,
                Invariant.HELD_EQUALS_HOLDS,
                Invariant.PAYMENT_ALLOTTED_ONCE,
                Invariant.STATES_FORWARD,
                Invariant.SHARE_IS_ITS_PARENTS,
            )
            for difference in await ask(self.db, asked, shard, Scope(account_ids=self.accounts))
        ]

    def holds(self, asked: Asked) -> list[WantedHold]:
        return [
            WantedHold(id=self.id_of(who, number), account_id=self.accounts[who], stamps=stamps, actor="m")
            for who, number, stamps in asked
        ]

    def ends(self, asked: Asked) -> list[WantedEnd]:
        return [
            WantedEnd(id=self.id_of(who, number), account_id=self.accounts[who], actor="m")
            for who, number, _ in asked
        ]

    def step(self, leg: Leg, wanted: list[WantedLeg]) -> None:
        if wanted:
            shard = shard_of_account(wanted[0].account_id)
            results = self.run(store.transfer_n(self.db, shard, wanted, leg=leg))
            self.check(results, [self.books.leg(leg, want) for want in wanted], wanted)


def turned(leg: WantedLeg) -> WantedLeg:
    """The same transfer as its other side sees it."""
    return WantedLeg(
        ref=leg.ref,
        account_id=leg.counter_account_id,
        counter_account_id=leg.account_id,
        stamps=leg.stamps,
        actor=leg.actor,
    )


def machine_on(
    run: Callable[[Coroutine[Any, Any, Any]], Any], db: Database, owner: Conn
) -> type[QuotaMachine]:
    """The machine bound to one database."""
    return type("BoundMachine", (QuotaMachine,), {"run": staticmethod(run), "db": db, "owner": owner})
