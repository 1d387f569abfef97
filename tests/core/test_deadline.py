"""A request's time goes with it into whatever queue it enters."""

from __future__ import annotations

import asyncio
import time

import pytest

from bubuh.core.deadline import UNTIL_S, TimeSpent, in_time


async def wait_within(seconds: float) -> None:
    UNTIL_S.set(time.monotonic() + seconds)
    async with in_time():
        await asyncio.Event().wait()


async def test_nobody_waits_longer_than_for_whom() -> None:
    with pytest.raises(TimeSpent):
        await asyncio.create_task(wait_within(0.01))


async def test_a_time_that_is_over_already_lets_nothing_begin() -> None:
    with pytest.raises(TimeSpent):
        await asyncio.create_task(wait_within(-1.0))


async def test_it_is_each_task_s_own() -> None:
    with pytest.raises(TimeSpent):
        await asyncio.create_task(wait_within(0.0))
    async with in_time():
        await asyncio.sleep(0)


async def test_another_s_time_out_passes_through() -> None:
    with pytest.raises(TimeoutError) as ended:
        async with in_time(), asyncio.timeout(0.01):
            await asyncio.Event().wait()
    assert not isinstance(ended.value, TimeSpent)
