"""Random asking of the money functions, many requests at a time, held against the oracle and the books."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bubuh.core.ids import AccountId, derived_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.quota import store
from bubuh.quota.invariants import EVERYTHING, Difference, Invariant
from bubuh.quota.model import (
    Balance,
    Leg,
    Outcome,
    Purpose,
    Result,
    Sink,
    Source,
    WantedAllotment,
    WantedEnd,
    WantedHold,
    WantedLeg,
)
from bubuh.quota.reconcile import ask
from bubuh.quota.show import show_quota
from tests.quota.model import Books

ACCOUNTS = 4  # the first three of one shard, the last of another
IDS = 7
whom = st.integers(0, ACCOUNTS - 1)
ids = st.integers(0, IDS - 1)
amounts = st.integers(1, 4)
requests = st.lists(
    st.tuples(st.integers(0, 2), ids, amounts), min_size=1, max_size=6, unique_by=lambda r: r[:2]
)


class QuotaMachine(RuleBasedStateMachine):
    """`world` is set by the test: how to run a coroutine, the application's pool, the owner's connection."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    db: Database
    owner: Conn

    @initialize()
    def open_accounts(self) -> None:
        """New accounts for each example, so that one database serves all."""
        base = 1 + secrets.randbits(50)
        self.accounts = [AccountId(base + offset) for offset in (0, 64, 128, 1)]
        self.books = Books()

    def id_of(self, who: int, number: int) -> UUID:
        return derived_id(self.accounts[who], "machine", str(number))

    def check(self, results: Sequence[Result], outcomes: Sequence[Outcome], wanted: Sequence[Any]) -> None:
        """The database answered what the oracle did, request by request, with the balance after the batch."""
        assert [result.outcome for result in results] == list(outcomes)
        for result, want in zip(results, wanted, strict=True):
            purse = self.books.purses[want.account_id]
            assert (result.free, result.held) == (purse.free, purse.held)
            assert result.id == (want.id if isinstance(want, WantedHold | WantedEnd) else want.ref)

    def shard(self, who: int = 0) -> Shard:
        return shard_of_account(self.accounts[who])

    @rule(asked=requests, source=st.sampled_from(Source))
    def allot(self, asked: list[tuple[int, int, int]], source: Source) -> None:
        wanted = [
            WantedAllotment(
                ref=self.id_of(who, number),
                account_id=self.accounts[who],
                stamps=stamps,
                source=source,
                actor="m",
            )
            for who, number, stamps in asked
        ]
        results = self.run(store.allot_n(self.db, self.shard(), wanted))
        self.check(results, [self.books.allot(want) for want in wanted], wanted)

    @rule(asked=requests)
    def hold(self, asked: list[tuple[int, int, int]]) -> None:
        wanted = [
            WantedHold(id=self.id_of(who, number), account_id=self.accounts[who], stamps=stamps, actor="m")
            for who, number, stamps in asked
        ]
        results = self.run(store.hold_n(self.db, self.shard(), wanted, purpose=Purpose.REFUND))
        self.check(results, [self.books.hold(want) for want in wanted], wanted)

    @rule(asked=requests, sink=st.sampled_from(Sink))
    def capture(self, asked: list[tuple[int, int, int]], sink: Sink) -> None:
        wanted = self.ends(asked)
        results = self.run(store.capture_n(self.db, self.shard(), wanted, sink=sink))
        self.check(results, [self.books.capture(want, sink) for want in wanted], wanted)

    @rule(asked=requests)
    def release(self, asked: list[tuple[int, int, int]]) -> None:
        wanted = self.ends(asked)
        results = self.run(store.release_n(self.db, self.shard(), wanted))
        self.check(results, [self.books.release(want) for want in wanted], wanted)

    @rule(asked=requests, to=whom)
    def send(self, asked: list[tuple[int, int, int]], to: int) -> None:
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

    @rule(who=st.integers(0, 2), frozen=st.booleans())
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
        found = self.run(self.balances())
        for account_id, balance in zip(self.accounts, found, strict=True):
            purse = self.books.purses[account_id]
            assert balance == purse.balance()
            assert purse.allotted + purse.received == (
                balance.free + balance.held + balance.used + balance.in_transit + purse.paid_back + purse.sent
            )

    def teardown(self) -> None:
        """The books, asked by their own invariants, agree on these accounts."""
        found = self.run(self.differences())
        assert [each for each in found if each.account_id in self.accounts] == []

    async def balances(self) -> list[Balance]:
        return [await show_quota(self.db, account_id) for account_id in self.accounts]

    async def differences(self) -> list[Difference]:
        return [
            difference
            for shard in (self.shard(0), self.shard(3))
            for asked in (Invariant.CONSERVATION, Invariant.HELD_EQUALS_HOLDS, Invariant.STATES_FORWARD)
            for difference in await ask(self.db, asked, shard, EVERYTHING)
        ]

    def ends(self, asked: list[tuple[int, int, int]]) -> list[WantedEnd]:
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


async def plant(owner: Conn, function: str, right: str, wrong: str) -> None:
    """Put a fault into one of the money functions."""
    text: str = await owner.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
    assert right in text
    await owner.execute(text.replace(right, wrong))
