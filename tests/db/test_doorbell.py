from __future__ import annotations

import asyncio

import asyncpg

from bubuh.db.doorbell import Doorbell, ring
from bubuh.db.pool import Database
from tests.conftest import Dsns

CHANNELS = ["stamps", "orders"]


async def test_a_ring_is_heard_by_those_who_wait_for_it(db: Database, dsns: Dsns) -> None:
    async with Doorbell(dsns.app, CHANNELS).listening() as doorbell:
        await doorbell.until_listening()
        with (
            doorbell.subscribe("stamps", "7") as seven,
            doorbell.subscribe("stamps", "8") as eight,
            doorbell.subscribe("stamps") as every,
            doorbell.subscribe("orders") as orders,
        ):
            await ring(db, "stamps", "7")
            assert await seven.wait(5)
            assert await every.wait(5)
            assert not await eight.wait(0.05)
            assert not await orders.wait(0.0)
            assert not await seven.wait(0.0), "a ring is heard once"


async def test_a_ring_in_a_transaction_is_heard_when_it_commits(db: Database, dsns: Dsns) -> None:
    async with Doorbell(dsns.app, CHANNELS).listening() as doorbell:
        await doorbell.until_listening()
        with doorbell.subscribe("orders") as orders:
            async with db.transaction() as conn:
                await ring(conn, "orders")
                assert not await orders.wait(0.05)
            assert await orders.wait(5)


async def test_after_a_broken_connection_everyone_is_rung_and_hears_again(db: Database, dsns: Dsns) -> None:
    async with Doorbell(dsns.app, CHANNELS).listening() as doorbell:
        await doorbell.until_listening()
        with doorbell.subscribe("stamps", "7") as seven:
            admin = await asyncpg.connect(dsns.superuser)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = $1 AND query LIKE 'LISTEN%'",
                dsns.name,
            )
            await admin.close()
            assert await seven.wait(5), "what was missed meanwhile might have been ours"
            await ring(db, "stamps", "7")
            assert await seven.wait(5)


async def test_waiting_ends_without_a_ring(dsns: Dsns) -> None:
    async with Doorbell(dsns.app, CHANNELS).listening() as doorbell:
        await doorbell.until_listening()
        async with asyncio.timeout(5):
            assert not await doorbell.wait("stamps", 0.05)


async def test_a_bell_that_finds_no_server_keeps_trying(dsns: Dsns) -> None:
    async with Doorbell(dsns.app.replace("host=", "host=/nowhere"), CHANNELS).listening() as doorbell:
        assert not await doorbell.wait("stamps", 0.3)
