"""Many stamps fail at once: each reservation comes back by itself, once however often it is given back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bubuh.core.ids import fresh_id
from bubuh.quota.allot import allot
from bubuh.quota.show import show_quota
from bubuh.stamping.affix import Ended, affix
from bubuh.stamping.model import Lease
from tests.stamping.conftest import Town
from tests.stamping.test_affix import assert_books_balance

_STAMPS = 30


async def storm(town: Town, folder: Path) -> tuple[int, list[Lease]]:
    """Thirty stamps in work whose documents are gone; how many stamps the account had, and the leases."""
    account_id = town.citizen.account_id
    async with town.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account_id), account_id=account_id, stamps=_STAMPS, actor="local")
    before = (await show_quota(town.db, account_id)).free
    for _ in range(_STAMPS):
        await town.accept(await town.upload())
    assert (await show_quota(town.db, account_id)).held == _STAMPS
    for found in (folder / "objects").rglob("*"):
        if found.is_file():
            found.unlink()
    leases = list[Lease]()
    while found_leases := await town.lease():
        leases += found_leases
    assert len(leases) == _STAMPS
    return before, leases


async def moves(town: Town) -> int:
    sql = "SELECT count(*) FROM quota_transfers WHERE shard = $1 AND account_id = $2"
    return int(await town.db.fetchval(sql, town.citizen.shard, town.citizen.account_id))


async def test_a_storm_of_failures_gives_every_reservation_back_at_the_first_try(
    town: Town, tmp_path: Path
) -> None:
    before, leases = await storm(town, tmp_path)
    ended = await asyncio.gather(*(affix(lease, town.shop) for lease in leases))
    assert set(ended) == {Ended.RETURNED}
    quota = await show_quota(town.db, town.citizen.account_id)
    assert (quota.free, quota.held) == (before, 0)
    await assert_books_balance(town)


async def test_what_was_given_back_is_given_back_once_however_often_it_is_done(
    town: Town, tmp_path: Path
) -> None:
    before, leases = await storm(town, tmp_path)
    first = await asyncio.gather(*(town.give_back(lease) for lease in leases))
    moved = await moves(town)
    again = await asyncio.gather(*(town.give_back(lease) for lease in [*leases, *leases]))
    assert set(first) == {"done"}
    assert "done" not in again
    assert await moves(town) == moved
    assert (await show_quota(town.db, town.citizen.account_id)).free == before
    await assert_books_balance(town)
