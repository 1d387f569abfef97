"""E: the ways between processes, database and signer are cut: both ways, one way, or gone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from bubuh.core.ids import read_id
from bubuh.db.roles import APP, SIGNER
from tests.faults.kit import (
    accepted,
    assert_whole,
    fault,
    fresh_key,
    insist,
    paused,
    quota,
    state_of,
    until_row,
)
from tests.faults.proxy import Proxy
from tests.service.conftest import Running, open_citizen

pytestmark = pytest.mark.service

DIGEST_WRITTEN = "SELECT digest IS NOT NULL FROM stamps WHERE id = $1"


@asynccontextmanager
async def way_to_the_database(service: Running) -> AsyncIterator[tuple[Proxy, asyncpg.Connection]]:
    """All that web, worker and signer say to PostgreSQL passes a proxy; and a connection that does not."""
    folder = parse_qs(urlsplit(service.run.databases[APP]).query)["host"][0]
    direct = await service.superuser()
    try:
        async with Proxy.at_socket(Path(folder) / ".s.PGSQL.5432") as proxy:
            await _end_all(direct)  # they come again, through the proxy
            yield proxy, direct
        await _end_all(direct)
    finally:
        await direct.close()


async def _end_all(direct: asyncpg.Connection) -> None:
    await direct.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ($1)", [APP, SIGNER]
    )


async def parted(service: Running, seconds: float) -> None:
    with open_citizen(service, stamps=3) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        first = citizen.ask_for_stamp(document_id)
        async with way_to_the_database(service) as (proxy, _):
            await asyncio.to_thread(insist, lambda: citizen.http.get("/v1/quota"))
            proxy.part()
            asked = asyncio.create_task(asyncio.to_thread(citizen.ask_for_stamp, document_id, key=key))
            await asyncio.sleep(seconds)
            proxy.cut()
            answer = await asked
            if answer.status_code != 202:
                assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
                assert int(answer.headers["Retry-After"]) > 0
            proxy.restore()
            again = await asyncio.to_thread(insist, lambda: citizen.ask_for_stamp(document_id, key=key))
            for one in (first, again):
                ended = await asyncio.to_thread(citizen.await_end, one.json()["id"])
                assert ended["state"] == "affixed"
        assert await quota(citizen) == (1, 0, 2)
        await assert_whole(service, told=[accepted(citizen, one.json()["id"]) for one in (first, again)])


@pytest.mark.long
@fault("E1")
async def test_a_partition_from_the_database_heals_by_itself(service: Running, rng: random.Random) -> None:
    await parted(service, rng.uniform(2, 4))


@pytest.mark.long
@fault("E1")
async def test_a_long_partition_from_the_database_heals_by_itself(
    service: Running, rng: random.Random
) -> None:
    await parted(service, 30)


@fault("E2")
async def test_a_commit_whose_answer_is_lost_is_asked_for_again_and_done_once(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        before = await quota(citizen)
        async with way_to_the_database(service) as (proxy, direct):
            await asyncio.to_thread(insist, lambda: citizen.http.get("/v1/quota"))
            await direct.execute("SET search_path = public")
            proxy.withhold_answers()
            asked = asyncio.create_task(asyncio.to_thread(citizen.ask_for_stamp, document_id, key=key))
            await proxy.answer_withheld()
            await asyncio.sleep(rng.uniform(0, 0.5))
            proxy.cut()
            proxy.restore()
            answer = await asked
            assert answer.status_code in {202, 503}
            again = await asyncio.to_thread(insist, lambda: citizen.ask_for_stamp(document_id, key=key))
            if answer.status_code == 202:
                assert again.json()["id"] == answer.json()["id"]
            await asyncio.to_thread(citizen.await_end, again.json()["id"])
        assert before == (2, 0, 0)
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, again.json()["id"])])


@pytest.mark.long
@fault("E3")
async def test_a_signer_that_cannot_be_reached_delays_stamps_and_loses_none(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id = citizen.upload()
        owner = await service.owner()
        with paused(service.pid("signer")):  # its lines stay open, and nothing comes over them
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            await until_row(owner, DIGEST_WRITTEN, read_id("stm", stamp_id))
            await asyncio.sleep(rng.uniform(1, 3))
            before = await state_of(owner, stamp_id)
            assert (before["state"], before["signature"]) == ("processing", None)
            assert await quota(citizen) == (1, 1, 0)
        ended = await asyncio.to_thread(citizen.await_end, stamp_id)
        after = await state_of(owner, stamp_id)
        await owner.close()
        assert ended["state"] == "affixed"
        assert after["serial_no"] == before["serial_no"]
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])
