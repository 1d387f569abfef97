"""A worker's desk over real rows: what it takes up, keeps, and gives back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest

from bubuh.core.ids import fresh_id
from bubuh.db.doorbell import Doorbell, ring
from bubuh.quota.allot import allot
from bubuh.stamping.bells import WAITING
from bubuh.stamping.model import Lease
from bubuh.stamping.refusals import SignerUnavailable
from bubuh.stamping.show import find_stamp
from bubuh.worker.desk import Desk
from tests.conftest import Dsns
from tests.stamping.conftest import Town


class DeafSigner:
    """A signer that is away."""

    async def seal(self, lease: Lease) -> bytes:
        raise SignerUnavailable(f"nobody seals {lease.stamp_id}")

    async def is_well(self) -> bool:
        return False


class Clumsy:
    """A signer client with a mistake of ours in it."""

    async def seal(self, lease: Lease) -> bytes:
        raise ZeroDivisionError(str(lease))

    async def is_well(self) -> bool:
        return True


@asynccontextmanager
async def working(desk: Desk, doorbell: Doorbell) -> AsyncIterator[asyncio.Event]:
    """The desk at work while the block runs; told to stop at its end, and waited for."""
    stop = asyncio.Event()
    async with doorbell.listening():
        task = asyncio.create_task(desk.work(stop))
        try:
            yield stop
        finally:
            stop.set()
            async with asyncio.timeout(5):
                await task


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 20.0) -> None:
    """Wait for what other processes' rows will come to say."""
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110 - rows ring no event
            await asyncio.sleep(0.05)


async def until_ended(town: Town, *stamp_ids: UUID) -> list[str]:
    async def ended() -> bool:
        return all([(await find_stamp(town.db, account, one)).has_ended for one in stamp_ids])

    account = town.citizen.account_id
    await until(ended)
    return [str((await find_stamp(town.db, account, one)).state) for one in stamp_ids]


async def states(town: Town) -> list[tuple[str, str | None, int]]:
    rows = await town.db.fetch("SELECT state, lease_owner, deaths FROM stamps")
    return [(row["state"], row["lease_owner"], row["deaths"]) for row in rows]


async def buy(town: Town, stamps: int) -> None:
    account = town.citizen.account_id
    async with town.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account), account_id=account, stamps=stamps, actor="local")


async def test_several_stamps_of_one_document_are_affixed_while_others_ring(town: Town, dsns: Dsns) -> None:
    """Rings for other shards, coming all the time, starve nobody."""
    document_id = await town.upload()
    wanted = [(await town.accept(document_id)).stamp.id for _ in range(3)]
    elsewhere = str((town.citizen.shard + 1) % 64)
    doorbell = Doorbell(dsns.app, (WAITING,))

    async def ring_on() -> None:
        while True:
            await ring(town.db, WAITING, elsewhere)
            await asyncio.sleep(0.05)

    async with working(Desk(town.shop, doorbell, name="w"), doorbell):
        ringing = asyncio.create_task(ring_on())
        assert await until_ended(town, *wanted) == ["affixed"] * 3
        ringing.cancel()


async def test_told_to_stop_with_full_hands_it_stops_and_gives_everything_back(
    town: Town, dsns: Dsns
) -> None:
    most = 8
    await buy(town, 20)
    for _ in range(most + 2):
        await town.accept(await town.upload())
    doorbell = Doorbell(dsns.app, (WAITING,))
    desk = Desk(replace(town.shop, signer=DeafSigner()), doorbell, name="w", most_in_hand=most)

    async def full() -> bool:
        return [state for state, *_ in await states(town)].count("processing") == most

    async with working(desk, doorbell):
        await until(full)

    assert all(owner is None and died == 0 for _, owner, died in await states(town))


async def test_a_mistake_in_one_job_ends_the_process_and_costs_that_job_alone(town: Town, dsns: Dsns) -> None:
    await town.accept(await town.upload())
    doorbell = Doorbell(dsns.app, (WAITING,))
    desk = Desk(replace(town.shop, signer=Clumsy()), doorbell, name="w")

    async with doorbell.listening(), asyncio.timeout(20):
        with pytest.raises(ZeroDivisionError):
            await desk.work(asyncio.Event())

    assert await states(town) == [("processing", "w", 0)]


async def test_its_own_job_leased_again_under_a_new_fence_replaces_the_old_one(
    town: Town, dsns: Dsns
) -> None:
    """As after a pause that outlived the lease: the stamp is worked on once, and ends."""
    accepted = await town.accept(await town.upload())
    doorbell = Doorbell(dsns.app, (WAITING,))
    deaf = Desk(replace(town.shop, signer=DeafSigner()), doorbell, name="w")

    async def leased() -> bool:
        return [owner for _, owner, _ in await states(town)] == ["w"]

    async def leased_again() -> bool:
        return bool(await town.db.fetchval("SELECT max(fence) > 1 FROM stamps"))

    async with working(deaf, doorbell):
        await until(leased)
        await town.db.fetch("SELECT stamping_renew_n($1, $2, $3, $4, -1.0)", *await _lease_columns(town))
        await until(leased_again)
    assert [died for *_, died in await states(town)] == [0]

    async with working(Desk(town.shop, doorbell, name="w"), doorbell):
        assert await until_ended(town, accepted.stamp.id) == ["affixed"]


async def _lease_columns(town: Town) -> tuple[object, ...]:
    row = await town.db.fetchrow("SELECT shard, id, account_id, fence FROM stamps")
    assert row is not None
    return row["shard"], [row["id"]], [row["account_id"]], [row["fence"]]
