"""A worker that is killed between keeping a notice and crediting it: the next one credits, once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from bubuh.db.pool import Conn, Database
from bubuh.payments.model import reference_of
from bubuh.payments.take_notice import take_notice
from tests.conftest import Dsns
from tests.gateway_dev.rig import SECRET, Shop
from tests.payments.test_inbox import paid, signed

WORKER = """
import asyncio, sys
from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.db.pool import Database
from bubuh.orders.collect import run_notices_pass

async def work(address, secret):
    gateway = DevelopmentGateway("http://127.0.0.1:1", [secret.encode()])
    async with await Database.open(address, size=2) as db:
        print(await run_notices_pass(db, {gateway.name: gateway}))

asyncio.run(work(*sys.argv[1:]))
"""
#: by how far the worker is when it is killed: what holds it up there
PLACES = {
    "leased, not credited": "SELECT 1 FROM orders WHERE id = $1 FOR UPDATE",
    "credited, not recorded": "SELECT 1 FROM payment_attempts WHERE order_id = $1 FOR UPDATE",
}
WAITING = """SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"""


@asynccontextmanager
async def locked(dsns: Dsns, statement: str, order_id: UUID) -> AsyncIterator[None]:
    conn = await asyncpg.connect(dsns.owner)
    async with conn.transaction():
        await conn.execute(statement, order_id)
        yield
    await conn.close()


async def start(dsns: Dsns) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, dsns.app, SECRET.decode()), stdout=asyncio.subprocess.PIPE
    )


async def until_waiting(db: Database, count: int) -> None:
    async with asyncio.timeout(60):
        while await db.fetchval(WAITING) != count:  # noqa: ASYNC110 -- another process is waited for
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("place", PLACES)
async def test_a_killed_worker_s_notice_is_credited_once_by_the_next(
    shop: Shop, dsns: Dsns, owner_conn: Conn, place: str
) -> None:
    order_id = (await shop.place(3)).shown.order.id
    raw, headers = signed(paid(reference_of(order_id)))
    assert await take_notice(raw, headers, gateway=shop.gateway, db=shop.db, now=datetime.now(UTC))
    async with locked(dsns, PLACES[place], order_id):
        worker = await start(dsns)
        await until_waiting(shop.db, 1)
        assert await shop.free() == (0 if place.startswith("leased") else 3)
        worker.kill()
        assert await worker.wait() == -signal.SIGKILL
    await until_waiting(shop.db, 0)
    assert await shop.db.fetchval("SELECT state FROM payment_notice_work") == "waiting"
    await owner_conn.execute("UPDATE payment_notice_work SET not_before = now()")  # 15 s later
    again = await start(dsns)
    assert (await again.communicate())[0].strip() == b"1"
    assert await shop.free() == 3
    assert await shop.db.fetchval("SELECT count(*) FROM order_payments") == 1
    assert await shop.db.fetchval("SELECT state FROM payment_notice_work") == "done"
