"""D: the clocks of our processes are wrong, each by something else; the database's clock decides."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bubuh.core.ids import read_id
from tests.faults.kit import (
    accepted,
    assert_whole,
    fault,
    fresh_key,
    own_process,
    paused,
    program,
    quota,
    until_row,
)
from tests.service.conftest import Citizen, Running, open_citizen

pytestmark = pytest.mark.service

DAY_S = 86_400


@pytest.fixture(scope="module")
def clock() -> Path:
    """A library that shifts the wall clock of whoever preloads it, and no clock that only measures."""
    program("faketime")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    tell = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic())"
    seen = subprocess.run(
        [sys.executable, "-c", tell], env=shifted(library, -DAY_S), capture_output=True, text=True, check=True
    )
    wall, date, measuring = map(float, seen.stdout.split())
    for told in (wall, date):
        assert abs(told + DAY_S - time.time()) < 60, "the clock is shifted for Python"
    assert abs(measuring - time.monotonic()) < 60
    return library


def shifted(library: Path, off_s: int) -> dict[str, str]:
    """The environment of a process whose wall clock is `off_s` off."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{off_s:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


async def stamped_under(service: Running, citizen: Citizen, clock: Path, off_s: int) -> str:
    """A stamp worked on by nobody but a worker whose clock is `off_s` off, until it ends or is handed on.

    Where it is not yet the time of the seal key, that worker can only leave the stamp to others.
    """
    document_id = await asyncio.to_thread(citizen.upload)
    with (
        paused(service.pid("worker")),
        own_process(service, "worker", "--name", f"wrong-by-{off_s}", **shifted(clock, off_s)),
    ):
        stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
        if off_s > -DAY_S:
            await asyncio.to_thread(citizen.await_end, stamp_id)
        else:
            await until_in_work(service, stamp_id)
    stamp = await asyncio.to_thread(citizen.await_end, stamp_id)
    assert stamp["state"] == "affixed"
    return str(stamp_id)


async def until_in_work(service: Running, stamp_id: str) -> None:
    owner = await service.owner()
    await until_row(owner, "SELECT fence > 0 FROM stamps WHERE id = $1", read_id("stm", stamp_id))
    await owner.close()


@fault("D1")
@pytest.mark.parametrize(
    "off_s",
    [DAY_S, *(pytest.param(other, marks=pytest.mark.long) for other in (-DAY_S, 300, -300))],
)
async def test_a_worker_whose_clock_is_wrong_ends_its_stamp_and_expires_nobodys(
    service: Running, clock: Path, off_s: int, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen, open_citizen(service, stamps=1) as bystander:
        order = bystander.http.post(
            "/v1/orders", json={"stamps": 1, "method": "va"}, headers={"Idempotency-Key": fresh_key()}
        ).json()
        stamp_id = await stamped_under(service, citizen, clock, off_s)
        owner = await service.owner()
        leases = await owner.fetchval(
            "SELECT count(*) FROM stamps WHERE state = 'accepted' OR lease_until > now() + interval '1 h'"
        )
        await owner.close()
        assert leases == 0
        shown = bystander.http.get(f"/v1/orders/{order['id']}").json()
        assert shown["state"] == "placed", "no order expires by a process's clock"
        assert await quota(citizen) == (1, 0, 1)
        assert await quota(bystander) == (1, 0, 0)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@pytest.mark.long
@fault("D1")
async def test_a_database_whose_clock_jumps_three_times_takes_no_stamp_from_a_worker_that_lives(
    service: Running, rng: random.Random
) -> None:
    """By its clock every lease is over, an hour ago; two workers hold some, and go on renewing them."""
    with open_citizen(service, stamps=6) as citizen, own_process(service, "worker", "--name", "beside"):
        documents = [citizen.upload() for _ in range(6)]
        owner = await service.owner()
        with paused(service.pid("signer")):  # so that the stamps stay in hand
            asked = [citizen.ask_for_stamp(one).json()["id"] for one in documents]
            bare = [read_id("stm", one) for one in asked]
            in_hand = "SELECT count(digest) = 6 FROM stamps WHERE id = ANY ($1)"
            await until_row(owner, in_hand, bare)
            for _ in range(3):
                await owner.execute(
                    "UPDATE stamps SET lease_until = lease_until - interval '1 h' WHERE id = ANY ($1)", bare
                )
                await asyncio.sleep(rng.uniform(6, 8))  # both look once more at least
        for one in asked:
            assert (await asyncio.to_thread(citizen.await_end, one))["state"] == "affixed"
        assert await owner.fetchval("SELECT sum(deaths) FROM stamps WHERE id = ANY ($1)", bare) == 0
        await owner.close()
        assert await quota(citizen) == (0, 0, 6)
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])


@pytest.mark.long
@fault("D2")
async def test_a_clock_that_jumps_back_while_serials_are_given_out_gives_none_twice(
    service: Running, clock: Path, rng: random.Random
) -> None:
    with open_citizen(service, stamps=3) as citizen:
        asked = [await stamped_under(service, citizen, clock, off_s) for off_s in (DAY_S, -DAY_S, 0)]
        owner = await service.owner()
        rows = await owner.fetch(
            "SELECT s.serial, max(e.at) FILTER (WHERE e.state = 'accepted') AS accepted, "
            "max(e.at) FILTER (WHERE e.state = 'affixed') AS affixed "
            "FROM stamps AS s JOIN stamp_events AS e ON e.stamp_id = s.id WHERE s.id = ANY ($1) GROUP BY 1",
            [read_id("stm", one) for one in asked],
        )
        await owner.close()
        assert len({row["serial"] for row in rows}) == 3
        assert all(row["accepted"] < row["affixed"] for row in rows), "events bear the database's time"
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])
