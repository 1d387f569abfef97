"""The process that carries a transfer is killed at each step; the next one brings it home, once.

No step is hooked: a row's lock holds the carrier at a step until it is dead.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.worker.routes import tell
from tests.conftest import Dsns
from tests.quota.desk import Desk, has

CARRIER = """
import asyncio, sys
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.worker.routes import tell

async def carry(address, shard):
    async with await Database.open(address, size=2) as db:
        await tell(db, Shard(int(shard)))

asyncio.run(carry(*sys.argv[1:]))
"""
BALANCE = "SELECT 1 FROM quota_balances WHERE account_id = $1 FOR UPDATE"
FACT = "SELECT 1 FROM outbox_facts WHERE account_id = $1 FOR UPDATE"
WAITING = """SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"""
LEGS = "SELECT array_agg(kind ORDER BY kind) FROM quota_transfers WHERE kind LIKE 'transfer%'"


@dataclass(frozen=True)
class Road:
    """A transfer of 3 stamps on its way, and who looks after it."""

    desk: Desk
    db: Database
    dsns: Dsns
    giver: AccountId
    receiver: AccountId

    @asynccontextmanager
    async def locked(self, statement: str, account_id: AccountId) -> AsyncIterator[None]:
        conn = await asyncpg.connect(self.dsns.owner)
        async with conn.transaction():
            await conn.execute(statement, account_id)
            yield
        await conn.close()

    @asynccontextmanager
    async def carrier(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process that carries what is due at the giver's shard; killed at the end."""
        shard = str(shard_of_account(self.giver))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", CARRIER, self.dsns.app, shard)
        try:
            yield process
        finally:
            process.kill()
            assert await process.wait() == -signal.SIGKILL

    async def held_up(self) -> None:
        """Wait until a statement waits for a lock of ours."""
        await self.until(WAITING, 1)

    async def until(self, statement: str, wanted: object) -> None:
        async with asyncio.timeout(60):
            while await self.db.fetchval(statement) != wanted:  # noqa: ASYNC110 (rows of another process)
                await asyncio.sleep(0.02)

    async def cut_waiting(self) -> None:
        """What a dead client had begun ends undone, as when its machine went down with it."""
        hand = await asyncpg.connect(self.dsns.superuser)
        await hand.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        await hand.close()
        await self.until(WAITING, 0)

    async def carry_on(self) -> None:
        """The next one carries it, as soon as it is due again."""
        owner = await asyncpg.connect(self.dsns.owner)
        await owner.execute("UPDATE outbox_facts SET not_before = now()")
        await owner.close()
        assert await tell(self.db, shard_of_account(self.giver)) == 1

    async def is_home(self) -> None:
        giver, receiver = await self.desk.balance(self.giver), await self.desk.balance(self.receiver)
        assert (giver, receiver) == (has(free=2), has(free=3))
        assert await tell(self.db, shard_of_account(self.giver)) == 0
        await self.desk.assert_balanced()


@pytest.fixture
async def road(desk: Desk, db: Database, dsns: Dsns) -> Road:
    giver = await desk.account(5)
    receiver = await desk.account_elsewhere(giver)
    await desk.allot(receiver, 1)
    await desk.capture(receiver, (await desk.hold(receiver)).id)
    await desk.transfer(giver, receiver, 3)
    return Road(desk, db, dsns, giver, receiver)


async def test_killed_before_it_arrives(road: Road) -> None:
    """The arrival waits when its carrier dies: it is written unheard, and comes once more."""
    async with road.locked(BALANCE, road.receiver), road.carrier():
        await road.held_up()
        assert (await road.desk.balance(road.giver)).in_transit == 3
    await road.carry_on()
    await road.is_home()


async def test_killed_between_arrival_and_receipt(road: Road) -> None:
    async with road.locked(BALANCE, road.giver), road.carrier():
        await road.until(LEGS, ["transfer_in", "transfer_out"])
        await road.held_up()
        assert (await road.desk.balance(road.receiver)).free == 3
        assert (await road.desk.balance(road.giver)).in_transit == 3
    await road.carry_on()
    await road.is_home()


async def test_killed_before_the_fact_is_closed(road: Road) -> None:
    async with road.carrier():
        async with road.locked(BALANCE, road.giver):
            await road.held_up()
            closing = road.locked(FACT, road.giver)
            await closing.__aenter__()
        await road.until(LEGS, ["transfer_ack", "transfer_in", "transfer_out"])
        await road.held_up()
    await road.cut_waiting()
    await closing.__aexit__(None, None, None)
    await road.carry_on()
    await road.is_home()


async def test_never_carried_at_all_it_is_still_counted(road: Road) -> None:
    await road.desk.assert_balanced()
    assert (await road.desk.balance(road.giver)).in_transit == 3
    await asyncio.gather(*(tell(road.db, shard_of_account(road.giver)) for _ in range(4)))
    await road.is_home()
