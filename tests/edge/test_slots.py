from __future__ import annotations

import asyncio

import pytest

from bubuh.edge.slots import Busy, Slots


async def test_nobody_takes_more_than_their_share() -> None:
    slots = Slots(total=3, each=2, patience_s=0.01)
    async with slots.one("a"), slots.one("a"):
        with pytest.raises(Busy):
            async with slots.one("a"):
                pass
        async with slots.one("b"):
            with pytest.raises(Busy):
                async with slots.one("b"):
                    pass
    assert slots.owners() == 0


async def test_who_waits_gets_the_place_that_becomes_free() -> None:
    slots = Slots(total=1, each=1, patience_s=5)
    order: list[int] = []

    async def work(number: int) -> None:
        async with slots.one(str(number)):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(number) for number in range(20)))
    assert sorted(order) == list(range(20))
    assert slots.owners() == 0


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    slots = Slots(total=1, each=2, patience_s=5)

    async def want() -> None:
        async with slots.one("b"):
            raise AssertionError

    async with slots.one("a"):
        waiting = asyncio.create_task(want())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert slots.owners() == 0
    async with slots.one("b"):
        assert slots.owners() == 1
