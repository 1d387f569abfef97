"""The simulated store: stamps, seals and holds as the saga's SQL functions keep them, in plain Python.

It is held equal to SQL by tests/stamping/machine.py, and its quota by tests/quota/machine.py. Each call is
one commit, at one moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.pdf.model import Place
from bubuh.quota.model import Outcome, Sink, WantedEnd, WantedHold
from bubuh.stamping.model import Base, Job, Lease, Planned, WrittenIntent
from bubuh.stamping.moves import MOVES, StampState
from bubuh.stamping.store import Finished, NewIntent, NewPlan, Overdue, WantedReturn
from tests.quota.model import Books

EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = Place(page=1, x_pt=1.0, y_pt=1.0, side_pt=60.0)
ORIGINAL = bytes(32)  #: the hash of every document as it came
LOOKED_AT = 4  #: times as many waiting stamps as are wanted


@dataclass
class Row:
    """One stamp."""

    account_id: AccountId
    id: UUID
    document_id: UUID
    request: bytes
    accepted_at: datetime
    queue_at: datetime
    state: StampState = StampState.ACCEPTED
    fence: int = 0
    owner: str | None = None
    until: datetime | None = None
    deaths: int = 0
    written: WrittenIntent | None = None
    digest: bytes | None = None
    planned: Planned | None = None
    seal: bytes | None = None
    reason: str | None = None
    path: list[StampState] = field(default_factory=lambda: [StampState.ACCEPTED])

    def enter(self, state: StampState) -> None:
        assert state in MOVES[self.state], f"{self.state} to {state}"
        self.state = state
        self.path.append(state)

    def end(self, state: StampState) -> None:
        self.enter(state)
        self.owner = self.until = None


@dataclass
class Stamps:
    """The rows, and the quota they hold."""

    books: Books = field(default_factory=Books)
    rows: dict[UUID, Row] = field(default_factory=dict)
    open: dict[UUID, Row] = field(default_factory=dict)  #: those that have not ended
    revisions: dict[UUID, list[bytes]] = field(default_factory=dict)  #: of each document, their hashes
    serials: dict[int, UUID] = field(default_factory=dict)
    blocks: set[int] = field(default_factory=set)

    def accept(
        self, account_id: AccountId, stamp_id: UUID, now: datetime, *, document_id: UUID, request: bytes = b""
    ) -> Outcome:
        """An account's n-th stamp under way stands in the queue as if it had come n seconds later."""
        outcome = self.books.hold(WantedHold(id=stamp_id, account_id=account_id, stamps=1, actor="sim"))
        if outcome is Outcome.ALREADY_DONE and self.rows[stamp_id].request != request:
            return Outcome.CONFLICT
        if outcome is Outcome.DONE:
            self.rows[stamp_id] = self.open[stamp_id] = Row(
                account_id,
                stamp_id,
                document_id,
                request,
                accepted_at=now,
                queue_at=now + timedelta(seconds=self.books.purses[account_id].held),
            )
        return outcome

    def lease_n(
        self, shard: Shard, now: datetime, *, worker: str, most: int, lease_s: float, suspects: int,
        unrenewed: Sequence[Overdue],
    ) -> list[Lease]:  # fmt: skip
        known = {(one.stamp_id, one.until) for one in unrenewed}
        over = [
            row
            for row in self._of(shard, StampState.PROCESSING)
            if row.until is not None
            and row.until < now
            and (row.owner in {None, worker} or (row.id, row.until) in known)
        ]
        over.sort(key=lambda row: (row.until, row.id))
        is_suspect = {row.id: row.deaths > 0 or row.owner not in {None, worker} for row in over}
        found = [row for row in over if is_suspect[row.id]][:suspects]
        found += [row for row in over if not is_suspect[row.id]][:most]
        found.sort(key=lambda row: row.id)
        leases = []
        for row in [*found, *self._queue(shard, most)][:most]:
            if row.state is StampState.ACCEPTED:
                row.enter(StampState.PROCESSING)
            row.deaths += int(row.owner not in {None, worker})
            row.fence += 1
            row.owner, row.until = worker, now + timedelta(seconds=lease_s)
            leases.append(self._lease(row))
        return leases

    def list_waiting(self, shards: Sequence[Shard], now: datetime) -> list[Shard]:
        return [
            shard
            for shard in shards
            if self._of(shard, StampState.ACCEPTED)
            or any(
                row.until is not None and row.until < now for row in self._of(shard, StampState.PROCESSING)
            )
        ]

    def list_own(self, shard: Shard, *, worker: str) -> list[Lease]:
        return [self._lease(row) for row in self._of(shard, StampState.PROCESSING) if row.owner == worker]

    def list_overdue(self, shard: Shard, now: datetime, *, worker: str, most: int) -> list[Overdue]:
        rows = self._of(shard, StampState.PROCESSING)
        over = [
            Overdue(row.id, row.until)
            for row in rows
            if row.owner not in {None, worker} and row.until is not None and row.until < now
        ]
        return sorted(over, key=lambda one: one.until)[:most]

    def renew_n(self, leases: Sequence[Lease], now: datetime, *, lease_s: float) -> set[UUID]:
        held = [row for lease in leases if (row := self._held(lease)) is not None]
        for row in held:
            row.until = now + timedelta(seconds=lease_s)
        return {row.id for row in held}

    def yield_n(self, leases: Sequence[Lease], now: datetime, *, wait_s: float) -> None:
        for lease in leases:
            if (row := self._held(lease)) is not None:
                row.owner, row.until = None, now + timedelta(seconds=wait_s)

    def bury(self, shard: Shard, now: datetime, *, worker: str) -> int:
        mine = [row for row in self._of(shard, StampState.PROCESSING) if row.owner == worker]
        for row in mine:
            row.owner, row.until = None, now - timedelta(microseconds=1)
            row.deaths += 1
        return len(mine)

    def take_block(self, block: int) -> bool:
        is_new = block not in self.blocks
        self.blocks.add(block)
        return is_new

    def find_job(self, lease: Lease) -> Job | None:
        row = self._held(lease)
        if row is None:
            return None
        return Job(
            lease=lease,
            document_id=row.document_id,
            place=PLACE,
            deaths=row.deaths,
            sealed=row.seal is not None,
            base=self.base(row.document_id),
            written=row.written,
            planned=row.planned,
        )

    def intend(self, new: NewIntent) -> bool:
        row = self._held(new.lease)
        if row is None:
            return False
        if row.written is None:
            assert self.serials.setdefault(new.written.serial, row.id) == row.id, "a number on two stamps"
            row.written = new.written
        return (row.written.serial, row.written.file_id) == (new.written.serial, new.written.file_id)

    def write_plan(self, new: NewPlan) -> bool:
        row = self._held(new.lease)
        if row is None or row.written is None:
            return False
        if row.digest is None:
            row.digest, row.planned = new.digest, new.planned
        return row.digest == new.digest

    def seal(self, lease: Lease, digest: bytes, signature: bytes, *, key_id: str) -> bytes | None:
        """What the signer commits before it answers: the first signature over this digest, for ever."""
        row = self._held(lease)
        if row is None or row.written is None or row.digest is None or row.digest != digest:
            return None
        if row.seal is None and row.written.key_id == key_id:
            row.seal = signature
        return row.seal

    def affix(self, finished: Finished) -> str:
        row = self.rows[finished.lease.stamp_id]
        if row.state is StampState.AFFIXED:
            return "already_done"
        if self._held(finished.lease) is None:
            return "expired"
        if row.seal is None:
            return "unsealed"
        assert self.books.capture(self._end(row), Sink.USED) is Outcome.DONE
        row.end(StampState.AFFIXED)
        del self.open[row.id]
        self.revisions.setdefault(row.document_id, []).append(finished.sha256)
        return "done"

    def give_back(self, wanted: WantedReturn) -> str:
        row = self.rows[wanted.stamp_id]
        if row.state is StampState.RETURNED:
            return "already_done"
        if row.seal is not None:
            return "sealed"
        is_idle = row.state is StampState.ACCEPTED and wanted.fence is None
        if not is_idle and not (row.state is StampState.PROCESSING and wanted.fence == row.fence):
            return "expired"
        assert self.books.release(self._end(row)) is Outcome.DONE
        row.end(StampState.RETURNED)
        del self.open[row.id]
        row.reason = wanted.reason
        return "done"

    def waited_too_long(
        self, shard: Shard, now: datetime, *, wait_s: float, most: int
    ) -> list[tuple[AccountId, UUID]]:
        rows = sorted(self._of(shard, StampState.ACCEPTED), key=lambda row: row.accepted_at)
        latest = now - timedelta(seconds=wait_s)
        return [(row.account_id, row.id) for row in rows if row.accepted_at < latest][:most]

    def base(self, document_id: UUID) -> Base:
        """What the next stamp is put upon."""
        made = [ORIGINAL, *self.revisions.get(document_id, [])]
        return Base(revision=len(made) - 1, sha256=made[-1], content_unseen=False)

    def check(self) -> None:
        """What holds at every commit."""
        for row in self.rows.values():
            hold = self.books.holds[row.account_id, row.id]
            ended = {StampState.AFFIXED: "captured", StampState.RETURNED: "released"}
            assert str(hold.state) == ended.get(row.state, "held"), row
            assert row.state is not StampState.AFFIXED or row.seal is not None, "affixed without a seal"
            assert row.state is not StampState.RETURNED or row.seal is None, "returned though sealed"
            assert (row.until is not None) == (row.state is StampState.PROCESSING), row
        used = Counter(row.account_id for row in self.rows.values() if row.state is StampState.AFFIXED)
        for account_id, purse in self.books.purses.items():
            assert purse.used == used[account_id]
            assert purse.free + purse.held + purse.used == purse.allotted
            assert min(purse.free, purse.held, purse.used) >= 0

    def _queue(self, shard: Shard, most: int) -> list[Row]:
        """Who is next: of each document the first, where none of its stamps is in work."""
        busy = {row.document_id for row in self._of(shard, StampState.PROCESSING)}
        waiting = [row for row in self._of(shard, StampState.ACCEPTED) if row.document_id not in busy]
        waiting.sort(key=lambda row: (row.queue_at, row.id))
        first: dict[UUID, Row] = {}
        for row in waiting[: LOOKED_AT * most]:
            first.setdefault(row.document_id, row)
        return list(first.values())

    def _of(self, shard: Shard, state: StampState) -> list[Row]:
        return [
            row
            for row in self.open.values()
            if row.state is state and shard_of_account(row.account_id) == shard
        ]

    def _held(self, lease: Lease) -> Row | None:
        row = self.rows[lease.stamp_id]
        return row if row.state is StampState.PROCESSING and row.fence == lease.fence else None

    def _lease(self, row: Row) -> Lease:
        return Lease(account_id=row.account_id, stamp_id=row.id, fence=row.fence, is_suspect=row.deaths > 0)

    def _end(self, row: Row) -> WantedEnd:
        return WantedEnd(id=row.id, account_id=row.account_id, actor="sim")
