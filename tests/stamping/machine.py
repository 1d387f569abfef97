"""Random steps of the saga, many stamps at a time, by workers that die: what SQL does, the model did.

The model is the store of the simulation. Each step is one transaction, so that both know the same time; more
of it passes when the machine says so.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bubuh.core.ids import AccountId, derived_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import SetAct
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import columns
from bubuh.pdf.model import Tier
from bubuh.quota import store as quota
from bubuh.quota.invariants import Difference, Invariant, Scope
from bubuh.quota.model import Source, WantedAllotment
from bubuh.quota.reconcile import ask
from bubuh.signer.seal import SQL as SIGNER_SQL
from bubuh.stamping import serial_store, store
from bubuh.stamping.model import Lease, Planned, WantedStamp, WrittenIntent
from bubuh.stamping.moves import StampState
from bubuh.stamping.store import AcceptRequest, Finished, NewIntent, NewPlan, WantedReturn
from tests.machines import Run
from tests.simulation.stamps import EPOCH, ORIGINAL, PLACE, Row, Stamps

ACCOUNTS = 3  # the first two of one shard, the last of another
DOCUMENTS = 2  # of each account
STAMPS = 8  # that each account may ask for, and the quota it has is fewer
LEASE_S = 1_000.0
WAIT_S = 86_400.0
ALL = 10_000  # more than there are
whom = st.integers(0, ACCOUNTS - 1)
workers = st.sampled_from(["one", "two", "three"])
versions = st.integers(0, 9).map(lambda number: number == 0)  #: now and then another one
some = st.lists(st.integers(0, 60), min_size=1, max_size=6)

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

#: what a shard's rows say: of stamps, then of balances
ROWS = """
SELECT s.id, s.state, s.fence, s.lease_owner, s.lease_until, s.deaths, s.serial, s.digest, s.reason,
       s.accepted_at, s.queue_at, l.signature, g.kind,
       (SELECT array_agg(e.state ORDER BY e.at, array_position(ARRAY['accepted', 'processing'], e.state))
          FROM stamp_events AS e
         WHERE e.shard = s.shard AND e.account_id = s.account_id AND e.stamp_id = s.id) AS path
  FROM stamps AS s
  LEFT JOIN seals AS l ON l.shard = s.shard AND l.account_id = s.account_id AND l.stamp_id = s.id
  LEFT JOIN log_leaves AS g ON g.shard = s.shard AND g.serial = s.serial
 WHERE s.shard = ANY($1::smallint[]) AND s.account_id = ANY($2::bigint[])
"""
BALANCES = """
SELECT b.account_id, b.free, b.held, b.used FROM quota_balances AS b
 WHERE b.shard = ANY($1::smallint[]) AND b.account_id = ANY($2::bigint[])
"""
PASS_TIME = """
UPDATE stamps
   SET lease_until = lease_until - $3::interval, accepted_at = accepted_at - $3::interval,
       queue_at = queue_at - $3::interval
 WHERE shard = ANY($1::smallint[]) AND account_id = ANY($2::bigint[])
"""
#: what has not ended, so that no later example finds it
FORGET = """
DELETE FROM stamps
 WHERE shard = ANY($1::smallint[]) AND account_id = ANY($2::bigint[]) AND state IN ('accepted', 'processing')
"""
DOCUMENT = """
INSERT INTO documents (shard, account_id, id, state, sha256, size_bytes, pages, boxes, key_sealed, object_key)
VALUES ($1, $2, $3, 'ready', $4, 1, 1, '[]', '\\x00', 'original')
"""


class StampMachine(RuleBasedStateMachine):
    """`world` is set by the test: how to run a coroutine, the pools of application and signer, the owner."""

    run: Run
    db: Database
    signer: Database
    owner: Conn
    steps = 0  #: of all examples
    ends: defaultdict[StampState, int]  #: stamps of all examples by the state they ended in

    @initialize()
    def open_accounts(self) -> None:
        """New accounts, documents and numbers for each example, so that one database serves all."""
        base = 64 * (1 + secrets.randbits(40))
        self.accounts = [AccountId(base + offset) for offset in (0, 64 * 7, 1)]
        self.shards = sorted({shard_of_account(account) for account in self.accounts})
        self.blocks = {shard: 1 + secrets.randbits(40) for shard in self.shards}
        self.store = Stamps()
        self.leases: list[Lease] = []  #: all that ever were: some are lost, and their workers do not know
        self.run(self.opened())
        self.accept(
            [(who, number, number % DOCUMENTS, False) for who in range(ACCOUNTS) for number in range(3)]
        )
        for shard in range(len(self.shards)):
            self.lease(shard, "one", most=4, suspects=1, takes_over=False)

    async def opened(self) -> None:
        for shard, block in self.blocks.items():
            assert await serial_store.take_block(self.db, shard, block=block, taken_by="m")
        for account in self.accounts:
            for number in range(DOCUMENTS):
                document = (account, self.id_of(account, "document", number), ORIGINAL)
                await self.owner.execute(DOCUMENT, shard_of_account(account), *document)
            ref = derived_id(account, "machine", "allotted")
            wanted = WantedAllotment(
                ref=ref, account_id=account, stamps=STAMPS - 2, source=Source.MINTED, actor="m"
            )
            (result,) = await quota.allot_n(self.db, shard_of_account(account), [wanted])
            assert result.outcome is self.store.books.allot(wanted)

    # ------------------------------------------------ what users and workers do

    @rule(
        asked=st.lists(
            st.tuples(whom, st.integers(0, STAMPS - 1), st.integers(0, DOCUMENTS - 1), versions),
            min_size=1,
            max_size=6,
            unique_by=lambda one: one[:2],
        )
    )
    def accept(self, asked: list[tuple[int, int, int, bool]]) -> None:
        """New stamps, some again, some of those with another body; more than there is quota for."""
        wanted = [
            AcceptRequest(
                stamp_id=self.id_of(self.accounts[who], "stamp", number),
                account_id=self.accounts[who],
                actor="m",
                wanted=WantedStamp(
                    document_id=self.id_of(self.accounts[who], "document", document),
                    place=PLACE,
                    document_type="surat",
                    document_no=f"{number} {is_other}",
                    document_date=date(2026, 11, 22),
                ),
            )
            for who, number, document, is_other in asked
        ]

        self.at_once(store.accept_n, wanted, self.accepted, told=lambda found: found.outcome)

    def accepted(self, now: Any, one: AcceptRequest) -> str:
        document_id, request = one.wanted.document_id, one.wanted.sha256()
        return self.store.accept(one.account_id, one.stamp_id, now, document_id=document_id, request=request)

    @rule(
        shard=st.integers(0, 1),
        worker=workers,
        most=st.integers(1, 4),
        suspects=st.integers(0, 2),
        takes_over=st.booleans(),
    )
    def lease(self, shard: int, worker: str, most: int, suspects: int, takes_over: bool) -> None:  # noqa: FBT001
        """A worker asks for jobs; perhaps it saw that nobody renews what is over."""
        how = {"worker": worker, "most": most, "lease_s": LEASE_S, "suspects": suspects}
        self.run(self.leased(self.shards[shard], how, takes_over=takes_over))

    @rule(which=some)
    def renew(self, which: list[int]) -> None:
        for shard, leases in self.of_shards(self.some(which)).items():
            self.same(
                partial(store.renew_n, shard=shard, leases=leases, lease_s=LEASE_S),
                partial(self.store.renew_n, leases, lease_s=LEASE_S),
            )

    @rule(which=some, wait_s=st.sampled_from([0.0, 300.0]))
    def give_leases_back(self, which: list[int], wait_s: float) -> None:
        for shard, leases in self.of_shards(self.some(which)).items():
            self.same(
                partial(store.yield_n, shard=shard, leases=leases, wait_s=wait_s),
                partial(self.store.yield_n, leases, wait_s=wait_s),
            )

    @rule(shard=st.integers(0, 1), worker=workers)
    def bury(self, shard: int, worker: str) -> None:
        where = self.shards[shard]
        self.same(
            partial(store.bury, shard=where, worker=worker),
            lambda now: self.store.bury(where, now, worker=worker),
        )

    @rule(seconds=st.sampled_from([10, 400, 1_100, 90_000]))
    def pass_time(self, seconds: int) -> None:
        passed = timedelta(seconds=seconds)
        self.run(self.owner.execute(PASS_TIME, self.shards, self.accounts, passed))
        for row in self.store.rows.values():
            row.accepted_at -= passed
            row.queue_at -= passed
            row.until = None if row.until is None else row.until - passed

    @rule(which=some)
    def find_jobs(self, which: list[int]) -> None:
        self.at_once(store.find_job_n, self.some(which), lambda _, lease: self.store.find_job(lease))

    @rule(which=some, is_other=versions)
    def intend(self, which: list[int], is_other: bool) -> None:  # noqa: FBT001
        new = [NewIntent(lease=lease, written=self.written(lease, is_other)) for lease in self.some(which)]
        self.at_once(store.intend_n, new, lambda _, one: self.store.intend(one))

    @rule(which=some, is_other=versions)
    def write_plan(self, which: list[int], is_other: bool) -> None:  # noqa: FBT001
        new = [
            NewPlan(
                lease=lease,
                digest=digest_of(lease, is_other=is_other),
                planned=Planned(sealed=b"%d" % is_other, tier=Tier.T1),
            )
            for lease in self.some(which)
        ]
        self.at_once(store.write_plan_n, new, lambda _, one: self.store.write_plan(one))

    @rule(which=some, is_other=versions, is_other_key=versions, again=st.booleans())
    def seal(self, which: list[int], is_other: bool, is_other_key: bool, again: bool) -> None:  # noqa: FBT001
        """The signer keeps signatures, some over a digest that no row holds, or by another key."""
        for shard, leases in self.of_shards(self.some(which)).items():
            digests = [digest_of(lease, is_other=is_other) for lease in leases]
            signature, key_id = b"first" if again else b"other", "x" if is_other_key else "k"
            found = self.run(self.sealed(shard, leases, digests, signature, key_id))
            assert found == [
                self.store.seal(lease, digest, signature, key_id=key_id)
                for lease, digest in zip(leases, digests, strict=True)
            ]

    @rule(which=some)
    def affix(self, which: list[int]) -> None:
        self.at_once(store.affix_n, self.finished(which), lambda _, one: self.store.affix(one))

    @rule(which=some)
    def go_on(self, which: list[int]) -> None:
        """All the way, as a worker that nothing happens to."""
        self.intend(which, is_other=False)
        self.write_plan(which, is_other=False)
        self.seal(which, is_other=False, is_other_key=False, again=True)
        self.affix(which)

    @rule(which=some, is_idle=st.booleans())
    def give_back(self, which: list[int], is_idle: bool) -> None:  # noqa: FBT001
        """Quota back, by who holds a lease, or by the owner of what nobody works on."""
        wanted = [
            WantedReturn(
                account_id=lease.account_id,
                stamp_id=lease.stamp_id,
                fence=None if is_idle else lease.fence,
                reason="damaged",
                actor="m",
            )
            for lease in self.some(which)
        ]
        self.at_once(store.return_n, wanted, lambda _, one: self.store.give_back(one))

    @rule(who=whom, number=st.integers(0, STAMPS - 1))
    def cancel(self, who: int, number: int) -> None:
        stamp_id = self.id_of(self.accounts[who], "stamp", number)
        if stamp_id in self.store.rows:
            wanted = WantedReturn(
                account_id=self.accounts[who], stamp_id=stamp_id, fence=None, reason="x", actor="m"
            )
            self.at_once(store.return_n, [wanted], lambda _, one: self.store.give_back(one))

    @rule(shard=st.integers(0, 1))
    def expire(self, shard: int) -> None:
        where = self.shards[shard]
        found = self.same(
            partial(store.list_waited_too_long, shard=where, wait_s=WAIT_S, most=ALL),
            lambda now: self.store.waited_too_long(where, now, wait_s=WAIT_S, most=ALL),
        )
        wanted = [
            WantedReturn(account_id=account, stamp_id=stamp, fence=None, reason="waited", actor="m")
            for account, stamp in found
        ]
        self.at_once(store.return_n, wanted, lambda _, one: self.store.give_back(one))

    # ------------------------------------------------ what holds after each step

    @invariant()
    def the_rows_are_the_stores(self) -> None:
        type(self).steps += 1
        found, balances = self.run(self.rows())
        assert {row["id"]: shown(row) for row in found} == {
            row.id: expected(row) for row in self.store.rows.values()
        }
        for balance in balances:
            purse = self.store.books.purses[balance["account_id"]]
            assert tuple(balance)[1:] == (purse.free, purse.held, purse.used)
        self.store.check()

    def teardown(self) -> None:
        """The books, asked by their own invariants, agree on these accounts."""
        for row in self.store.rows.values():
            self.ends[row.state] += 1
        found = self.run(self.differences())
        self.run(self.owner.execute(FORGET, self.shards, self.accounts))
        assert found == []

    # ------------------------------------------------ how it is asked

    def at_once(
        self,
        act: SetAct[Request, Outcome],
        requests: Sequence[Request],
        model: Callable[[Any, Request], object],
        *,
        told: Callable[[Outcome], object] = lambda found: found,
    ) -> None:
        """`act` on requests of all shards, in one commit, against the model one after the other."""
        parts = sorted(self.of_shards(requests).items())
        if parts:
            now, answers = self.run(self.step(partial(act.together, parts=parts)))
            for (_, wanted), found in zip(parts, answers, strict=True):
                assert [told(one) for one in found] == [model(now, one) for one in wanted]

    def same(
        self,
        act: Callable[[Any], Awaitable[Any]],
        model: Callable[[Any], Any],
    ) -> Any:
        """What `act` answers, which is what the model does."""
        now, found = self.run(self.step(act))
        wanted = model(now)
        assert (sorted(found) == sorted(wanted)) if isinstance(found, list) else (found == wanted)
        return found

    async def step(self, act: Callable[[Any], Awaitable[Any]]) -> tuple[Any, Any]:
        async with self.db.transaction() as conn:
            return await conn.fetchval("SELECT now()"), await act(conn)

    async def leased(self, shard: Shard, how: dict[str, Any], *, takes_over: bool) -> None:
        async with self.db.transaction() as conn:
            now, where = await conn.fetchval("SELECT now()"), _as_database(conn)
            over = await store.list_overdue(where, shard, worker=how["worker"], most=ALL)
            known = self.store.list_overdue(shard, now, worker=how["worker"], most=ALL)
            assert set(over) == set(known)
            unrenewed = known if takes_over else []
            leases = await store.lease_n(where, shard, **how, unrenewed=unrenewed)
            wanted = self.store.lease_n(shard, now, **how, unrenewed=unrenewed)
        assert {lease: lease.is_suspect for lease in leases} == {lease: lease.is_suspect for lease in wanted}
        self.leases += wanted

    async def sealed(
        self, shard: Shard, leases: Sequence[Lease], digests: Sequence[bytes], signature: bytes, key_id: str
    ) -> list[bytes | None]:
        count = len(leases)
        rows = await self.signer.fetch(
            SIGNER_SQL.keep_n.sql,
            shard,
            *columns(leases, "stamp_id", "account_id", "fence"),
            digests,
            [signature] * count,
            [key_id] * count,
        )
        return [row["signature"] for row in rows]

    async def rows(self) -> tuple[list[Any], list[Any]]:
        which = (self.shards, self.accounts)
        return await self.owner.fetch(ROWS, *which), await self.owner.fetch(BALANCES, *which)

    async def differences(self) -> list[Difference]:
        return [
            difference
            for shard in self.shards
            for asked in (
                Invariant.CONSERVATION,
                Invariant.HELD_EQUALS_HOLDS,
                Invariant.HOLD_HAS_PURPOSE,
                Invariant.USED_EQUALS_SEALS,
                Invariant.SERIAL_UNIQUE_BLOCK_KNOWN,
                Invariant.STATES_FORWARD,
            )
            for difference in await ask(self.db, asked, shard, Scope(account_ids=self.accounts))
        ]

    # ------------------------------------------------ what it is asked about

    def some(self, which: Sequence[int]) -> list[Lease]:
        """Some of the leases there were, the newest first; of each stamp one."""
        if not self.leases:
            return []
        chosen = [self.leases[-1 - number % len(self.leases)] for number in which]
        return list({lease.stamp_id: lease for lease in chosen}.values())

    def of_shards(self, requests: Sequence[Request]) -> dict[Shard, list[Request]]:
        parts: dict[Shard, list[Request]] = defaultdict(list)
        for one in requests:
            whose: Any = getattr(one, "lease", one)
            parts[shard_of_account(whose.account_id)].append(one)
        return dict(parts)

    def id_of(self, account: AccountId, what: str, number: int) -> UUID:
        return derived_id(account, what, str(number))

    def written(self, lease: Lease, is_other: bool) -> WrittenIntent:  # noqa: FBT001
        """A number of the stamp's own, or another that it might have."""
        ids = [self.id_of(lease.account_id, "stamp", number) for number in range(STAMPS)]
        place = self.accounts.index(lease.account_id) * STAMPS + ids.index(lease.stamp_id)
        serial = self.blocks[lease.shard] * 1_000 + 2 * place + is_other
        base = self.store.base(self.store.rows[lease.stamp_id].document_id)
        return WrittenIntent(
            serial=serial,
            serial_no=f"{serial:022}",
            base_revision=base.revision,
            base_sha256=base.sha256,
            signed_at=EPOCH,
            file_id=serial.to_bytes(16),
            key_id="k",
        )

    def finished(self, which: Sequence[int]) -> list[Finished]:
        return [
            Finished(
                lease=lease,
                object_key=str(lease.stamp_id),
                increment_bytes=1,
                sha256=hashlib.sha256(lease.stamp_id.bytes).digest(),
                size_bytes=2,
                gap_at=0,
            )
            for lease in self.some(which)
        ]


def digest_of(lease: Lease, *, is_other: bool) -> bytes:
    return hashlib.sha256(lease.stamp_id.bytes + b"%d" % is_other).digest()


def shown(row: Any) -> dict[str, object]:
    """A stamp as SQL has it."""
    return {name: value for name, value in row.items() if name != "id"}


def expected(row: Row) -> dict[str, object]:
    """The same as the simulated store has it."""
    leaf = {StampState.AFFIXED: "issue", StampState.RETURNED: "void" if row.written else None}
    return {
        "state": row.state,
        "fence": row.fence,
        "lease_owner": row.owner,
        "lease_until": row.until,
        "deaths": row.deaths,
        "serial": row.written.serial if row.written else None,
        "digest": row.digest,
        "reason": row.reason,
        "accepted_at": row.accepted_at,
        "queue_at": row.queue_at,
        "signature": row.seal,
        "kind": leaf.get(row.state),
        "path": row.path,
    }


def _as_database(conn: Any) -> Database:
    """A connection in a transaction, which has the methods that the store's functions use."""
    return conn  # type: ignore[no-any-return]


def machine_on(run: Run, db: Database, signer: Database, owner: Conn) -> type[StampMachine]:
    """The machine bound to one database."""
    bound = {"run": staticmethod(run), "db": db, "signer": signer, "owner": owner, "ends": defaultdict(int)}
    return type("BoundMachine", (StampMachine,), bound)
