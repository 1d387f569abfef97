"""A lane for named accounts has a page of its own, and a turn for those who are named."""

from __future__ import annotations

import time

import pytest
import pytest_asyncio

from bubuh.lanes import store
from bubuh.lanes.model import NewLane
from bubuh.lanes.name import name_accounts
from bubuh.lanes.open import close_lane, open_lane, with_named
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.waitingroom.turn import ANYONE, bind_of, read_bytes, read_turn
from tests.waitingroom.make import RING, lane, rules
from tests.web.browser import Browser, Citizen, registered
from tests.web.test_deadline import Night, night  # noqa: F401 -- a fixture
from tests.web.test_stamp import session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "dinas-satu"


async def follow(night: Night, *, is_open: bool = True) -> None:  # noqa: F811
    wanted = with_named(rules(lane(floor=0.1), per_s=0.5), await store.list_all(night.site.services.db))
    write_room_file(night.gate.folder, RoomFile(is_open=is_open, rules=wanted), uid=None)
    night.gate.keeper._watched._seen = -1
    door = night.site.services.door
    assert door is not None
    door._watched._seen = -1
    door._looked_s = float("-inf")
    await night.tick()


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _opened(night: Night) -> None:  # noqa: F811
    wanted = NewLane(name=NAME, kind=LaneKind.GROUP, title="Dinas Satu", floor=0.1, ceiling=1.0, weight=1.0)
    async with night.site.services.db.transaction() as conn:
        await open_lane(conn, wanted, rules=rules(lane(floor=0.1)), taken=(), actor="local")
    await follow(night)


async def ask(someone: Citizen) -> str:
    """The page after the form was sent."""
    await someone.browser.open(f"/jalur/{NAME}/nomor")
    return (await someone.browser.send(someone.browser.form(f"/jalur/{NAME}/nomor"))).text


async def test_the_link_of_the_waiting_page_leads_to_a_page(night: Night) -> None:  # noqa: F811
    waiting = (await night.gate.call("GET", "/antre")).body.decode()
    assert f'href="http://situs/jalur/{NAME}"' in waiting
    anyone = Browser(night.site)
    page = (await anyone.open(f"/jalur/{NAME}")).text
    for text in ("Dinas Satu", "0 nomor", "Untuk pelanggan yang terdaftar", "http://gerbang/antre"):
        assert text in page, text
    [named] = await store.list_all(night.site.services.db)
    for _ in range(1000):
        night.gate.keeper.join(named.lane_id, bind=ANYONE, now_s=int(time.time()))
    await night.tick()
    assert "nomor" in (await anyone.open(f"/jalur/{NAME}")).text
    english = (await Browser(night.site, language="en").open(f"/jalur/{NAME}")).text
    assert "For customers who are named" in english
    await follow(night, is_open=False)
    assert "langsung masuk" in (await anyone.open(f"/jalur/{NAME}")).text


async def test_who_is_named_takes_one_turn_and_keeps_it(night: Night) -> None:  # noqa: F811
    sari, budi = await registered(night.site), await registered(night.site)
    session = await session_of(night.site, sari.browser)
    async with night.site.services.db.transaction() as conn:
        await name_accounts(conn, NAME, [session.account_id], actor="local")
    assert "tidak terdaftar di jalur ini" in await ask(budi)
    page = await ask(sari)
    [named] = await store.list_all(night.site.services.db)
    kept = await store.find_turn(night.site.services.db, named.lane_id, session.account_id)
    assert kept is not None
    assert kept.code in page
    assert f"http://gerbang/antre/bawa?nomor={kept.turn}" in page
    assert kept.code in await ask(sari), "asked again, the same number"
    given = read_turn(read_bytes(kept.turn), RING, now_s=int(time.time()))
    assert (given.lane, given.number, given.bind) == (named.lane_id, kept.number, bind_of(session.account_id))
    assert kept.code not in (await budi.browser.open(f"/jalur/{NAME}/nomor")).text


async def test_a_closed_lane_has_no_page(night: Night) -> None:  # noqa: F811
    async with night.site.services.db.transaction() as conn:
        await close_lane(conn, NAME, actor="local")
    await follow(night)
    assert (await Browser(night.site).open(f"/jalur/{NAME}")).status_code == 404
