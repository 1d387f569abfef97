"""B2: the power is cut under load, again and again; what the client was told is there after recovery."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db import local
from bubuh.db.local import CannotStart, LocalPostgres
from bubuh.db.migrate import migrate
from bubuh.db.pool import Conn, Database, connect
from bubuh.db.postmaster import residents
from bubuh.db.roles import APP, OWNER
from bubuh.drill.books import read_books
from bubuh.drill.history import Kind, check_history
from bubuh.quota import store
from bubuh.quota.model import Outcome, Purpose, Sink, Source, WantedAllotment, WantedEnd, WantedHold
from tests.faults.kit import fault
from tests.faults.power import Disk, disk, plugged_in

pytestmark = [pytest.mark.service, pytest.mark.root]

WRITERS = 8
ENOUGH = 10_000_000


class Load:
    """Writers that hold and capture; `acknowledged` is the client's own journal."""

    def __init__(self, postgres: LocalPostgres, *, session: str = "") -> None:
        self._postgres = postgres
        self._session = session
        self._accounts = [fresh_account_id() for _ in range(WRITERS)]
        self.acknowledged: list[tuple[str, str]] = []  #: (id of the hold, hold or capture)

    async def prepare(self) -> None:
        conn = await asyncpg.connect(self._postgres.dsn(APP))
        for account in self._accounts:
            wanted = WantedAllotment(
                ref=fresh_id(account), account_id=account, stamps=ENOUGH, source=Source.MINTED, actor="power"
            )
            (result,) = await store.allot_n(conn, shard_of_account(account), [wanted])
            assert result.outcome is Outcome.DONE
        await conn.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._write(account)) for account in self._accounts]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError), outcome

    async def _write(self, account: AccountId) -> None:
        conn = await asyncpg.connect(self._postgres.dsn(APP))
        try:
            if self._session:
                await conn.execute(self._session)
            while True:
                await self._stamp(conn, account, fresh_id(account))
        finally:
            conn.terminate()

    async def _stamp(self, conn: Conn, account: AccountId, hold_id: UUID) -> None:
        shard = shard_of_account(account)
        hold = WantedHold(id=hold_id, account_id=account, stamps=1, actor="power")
        (held,) = await store.hold_n(conn, shard, [hold], purpose=Purpose.REFUND)
        assert held.outcome is Outcome.DONE
        self.acknowledged.append((hold_id.hex, "hold"))
        end = WantedEnd(id=hold_id, account_id=account, actor="power")
        (used,) = await store.capture_n(conn, shard, [end], sink=Sink.PAID_BACK)
        assert used.outcome is Outcome.DONE
        self.acknowledged.append((hold_id.hex, "capture"))


@asynccontextmanager
async def served(on: Disk) -> AsyncIterator[LocalPostgres]:
    """A server whose cluster lies on that disk."""
    postgres = local.start(on.where)
    try:
        yield postgres
    finally:
        postgres.stop()


async def cut(postgres: LocalPostgres, on: Disk, load: Load, no: int) -> Counter[str]:
    """Cut the power now; how many acknowledgements there were, and how many are lost after recovery."""
    told = list(load.acknowledged)
    image = on.image.with_name(f"cut-{no}")
    await asyncio.to_thread(on.copy, image, residents(postgres.home.cluster))
    try:
        with plugged_in(image) as copy:
            lost = await _lost(copy, told)
    finally:
        image.unlink()
    return Counter(acknowledged=len(told), lost=lost)


async def _lost(copy: Disk, told: list[tuple[str, str]]) -> int:
    """How many of `told` are not there on the copy; what is there must add up either way."""
    try:
        async with served(copy) as recovered:
            conn = await asyncpg.connect(recovered.dsn(APP))
            rows = await conn.fetch("SELECT ref, kind FROM quota_transfers")
            await conn.close()
            async with await Database.open(recovered.dsn(APP), size=1, role_checks=False) as db:
                books = await read_books(db)
    except CannotStart:
        return len(told)
    there = Counter((row["ref"].hex, row["kind"]) for row in rows)
    assert max(there.values(), default=1) == 1
    assert [one for one in check_history([], books) if one.kind is Kind.UNBALANCED] == []
    return sum(there[one] != 1 for one in told)


async def cut_often(
    postgres: LocalPostgres, on: Disk, load: Load, rng: random.Random, *, times: int
) -> Counter[str]:
    seen: Counter[str] = Counter()
    async with load.running():
        for no in range(times):
            before = len(load.acknowledged)
            while len(load.acknowledged) < before + 50:  # noqa: ASYNC110 - the writers are other tasks
                await asyncio.sleep(0.02)
            await asyncio.sleep(rng.uniform(0, 1.5))
            seen += await cut(postgres, on, load, no)
    print(f"{seen['lost']} lost of {seen['acknowledged']}, counted at each of {times} cuts")  # noqa: T201
    return seen


async def ready(postgres: LocalPostgres) -> None:
    owner = await connect(postgres.dsn(OWNER), role_checks=False)
    await migrate(owner)
    await owner.close()


async def keeps(rng: random.Random, *, times: int) -> None:
    with disk() as on:
        async with served(on) as postgres:
            await ready(postgres)
            load = Load(postgres)
            await load.prepare()
            seen = await cut_often(postgres, on, load, rng, times=times)
    assert seen["acknowledged"] > 50 * times
    assert seen["lost"] == 0


@fault("B2")
async def test_no_acknowledged_write_is_lost_when_the_power_is_cut(rng: random.Random) -> None:
    await keeps(rng, times=2)


@pytest.mark.long
@fault("B2")
async def test_no_acknowledged_write_is_lost_in_fifty_power_cuts(rng: random.Random) -> None:
    await keeps(rng, times=50)


@pytest.mark.long
async def test_the_harness_sees_what_synchronous_commit_off_loses(rng: random.Random) -> None:
    with disk() as on:
        async with served(on) as postgres:
            await ready(postgres)
            load = Load(postgres, session="SET synchronous_commit = off")
            await load.prepare()
            seen = await cut_often(postgres, on, load, rng, times=4)
    assert seen["lost"] > 0


@pytest.mark.long
async def test_the_harness_sees_what_fsync_off_loses(
    rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk() as on:
        async with served(on) as postgres:
            await ready(postgres)
            await Load(postgres).prepare()
        async with _forgetful(on, monkeypatch) as postgres:
            load = Load(postgres)
            await load.prepare()
            seen = await cut_often(postgres, on, load, rng, times=1)
    assert seen["lost"] > 0


@asynccontextmanager
async def _forgetful(on: Disk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalPostgres]:
    """A server that never flushes; the copies are recovered by one that does."""
    kept = local._SETTINGS
    monkeypatch.setattr(local, "_SETTINGS", {**kept, "fsync": "off"})
    postgres = local.start(on.where)
    monkeypatch.setattr(local, "_SETTINGS", kept)
    try:
        yield postgres
    finally:
        postgres.stop()
