"""Connections are lent in turn, never more than there may be, and none that is broken."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from bubuh.core.errors import DatabaseUnavailable
from bubuh.db.pool import Database, connect
from tests.conftest import Dsns

WHO = "SELECT pg_backend_pid()"


async def test_one_after_the_other_share_a_connection(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=4) as db:
        assert len({await db.fetchval(WHO) for _ in range(5)}) == 1


async def test_no_more_are_made_than_there_may_be(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=2) as db:
        answers = asyncio.gather(
            *(db.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.01)") for _ in range(20))
        )
        assert len(set(await answers)) == 2


async def test_a_failed_statement_costs_no_place(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        for _ in range(3):
            with pytest.raises(asyncpg.DivisionByZeroError):
                await db.fetchval("SELECT 1 / 0")
            assert await db.fetchval("SELECT 1") == 1


async def test_a_caller_who_gives_up_waiting_leaves_no_hole(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        async with db.connection():
            waiting = [asyncio.create_task(db.fetchval("SELECT 1")) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            waiting[2].cancel()
        assert await waiting[1] == 1
        assert await db.fetchval("SELECT 1") == 1


async def test_a_caller_who_is_cancelled_when_its_turn_comes_passes_it_on(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        held = db.connection()
        await held.__aenter__()
        first, second = (asyncio.create_task(db.fetchval("SELECT 1")) for _ in range(2))
        await asyncio.sleep(0)
        await held.__aexit__(None, None, None)  # hands it to the first, which has not run since
        first.cancel()
        assert await second == 1
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_a_cancelled_statement_is_forgotten_before_the_next(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        sleeping = asyncio.create_task(db.fetchval("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.05)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert await db.fetchval("SELECT 7") == 7


async def test_what_broke_at_hand_is_lent_once_at_most(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=2) as db:
        pids = set(await asyncio.gather(*(db.fetchval(f"{WHO} FROM pg_sleep(0.05)") for _ in range(2))))
        killer = await connect(dsns.app)
        for pid in pids:
            await killer.execute("SELECT pg_terminate_backend($1)", pid)
        await killer.close()
        ask = (db.fetchval(f"{WHO} FROM pg_sleep(0.05)") for _ in range(4))
        told = await asyncio.gather(*ask, return_exceptions=True)
        assert sum(isinstance(answer, DatabaseUnavailable) for answer in told) <= 2
        assert not {answer for answer in told if isinstance(answer, int)} & pids
        assert len({await db.fetchval(WHO) for _ in range(3)}) == 1


async def test_nothing_is_lent_after_the_end(dsns: Dsns) -> None:
    db = await Database.open(dsns.app, size=1)
    await db.close()
    with pytest.raises(DatabaseUnavailable):
        await db.fetchval("SELECT 1")
