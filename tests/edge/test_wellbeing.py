"""An outage of those who collect money, from a buyer's order to the waiting page, and back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bubuh.core.ids import fresh_id
from bubuh.db.pool import Database
from bubuh.edge.brownout import Brownout, Hold
from bubuh.edge.door import Door
from bubuh.edge.wellbeing import Wellbeing
from bubuh.gate.now import parts_of
from bubuh.gate.why import WORDS
from bubuh.orders.place import place
from bubuh.payments.breaker import FAILS, LONGEST_REST_S
from bubuh.payments.model import Method
from bubuh.payments.steady import Steady
from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.report import Health
from bubuh.waitingroom.room_file import RoomFile, Watched, Why, write_room_file
from bubuh.waitingroom.turn import ANYONE
from tests.conftest import Dsns
from tests.gate.conftest import open_door
from tests.gate.in_process import InProcess
from tests.gateway_dev.rig import (  # noqa: F401 -- fixtures
    Shop,
    gateway,
    gateway_process,
    running,
    shop,
)
from tests.waitingroom.make import RING, UMUM, lane, rules

STAMP = 2


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[InProcess]:
    (tmp_path / "public").mkdir()
    lanes = lane(), lane(id=STAMP, name="bubuhkan", kind=LaneKind.STAMP)
    write_room_file(tmp_path, RoomFile(is_open=True, rules=rules(*lanes)), uid=None)
    async with open_door(tmp_path) as opened:
        yield InProcess(opened)


def called(gate: InProcess) -> tuple[int, int]:
    lanes = gate.gate.keeper.room.lanes
    return lanes[UMUM].window.serving, lanes[STAMP].window.serving


async def test_while_gateways_are_away_buyers_wait_and_are_told_why_and_stamping_goes_on(
    shop: Shop,  # noqa: F811
    gate: InProcess,
) -> None:
    clock, keeper, now_s = Clock(), gate.gate.keeper, time.time()
    steady = Steady(shop.gateway, clock=clock)
    wellbeing = Wellbeing(Brownout(), shop.db, {"development": steady})
    door = Door(
        Watched(gate.gate.folder, RoomFile()),
        RING,
        gate,
        gate_url="http://gerbang",
        health=lambda: wellbeing.health,
    )
    await gate.gate.tick(now_s=now_s)
    for _ in range(2000):
        keeper.join(UMUM, bind=ANYONE, now_s=int(now_s))
        keeper.join(STAMP, bind=ANYONE, now_s=int(now_s))

    async def pass_second() -> None:
        nonlocal now_s
        now_s += 1
        await wellbeing.look()
        await door.report(now_s=int(time.time()))
        keeper._reports = {name: (now_s + 10, told[1]) for name, told in keeper._reports.items()}
        await gate.gate.tick(now_s=now_s)

    async def pass_time(seconds: int) -> tuple[int, int]:
        before = called(gate)
        for _ in range(seconds):
            await pass_second()
        buying, stamping = called(gate)
        return buying - before[0], stamping - before[1]

    assert all(count > 0 for count in await pass_time(5))
    await shop.running.script(outage_s=3600)
    for _ in range(FAILS):  # buyers find out
        placed = await place(
            shop.principal,
            stamps=1,
            method=Method.QRIS,
            order_id=fresh_id(shop.account_id),
            db=shop.db,
            gateways={"development": steady},
        )
        assert placed.shown.payment is None, "the order stands and its payment comes later"
    assert wellbeing.health.pays == 0
    await pass_second()
    buying, stamping = await pass_time(60)
    assert (buying, stamping > 0) == (0, True)
    assert keeper.why is Why.PAYMENT
    assert b'"why":"bayar"' in parts_of(keeper.now_file)[0]
    page = await gate.gate.call("GET", "/antre/tempat", query=f"nomor={turn_of_everybody(gate)}")
    assert WORDS[Why.PAYMENT] in page.body.decode()
    assert WORDS[Why.PAYMENT] in (await gate.gate.call("GET", "/antre")).body.decode()
    await shop.running.script()
    clock.now_s += LONGEST_REST_S
    assert (await pass_time(3))[0] > 0, "nobody had to try: the site asks the gateway itself"
    assert keeper.why is None


def turn_of_everybody(gate: InProcess) -> str:
    keeper = gate.gate.keeper
    return code_of(keeper.join(UMUM, bind=ANYONE, now_s=int(time.time())), keeper.keys.turns)


async def test_what_a_brownout_leaves_off_nobody_is_called_for(db: Database, tmp_path: Path) -> None:
    clock = Clock()
    brownout = Brownout(tmp_path, clock_s=clock)
    wellbeing = Wellbeing(brownout, db, {})
    assert wellbeing.health == Health()
    for level, health in (
        (2, Health(queues=True)),
        (3, Health(queues=True, sells=False)),
        (4, Health(able=0.0, queues=True, sells=False)),
    ):
        Hold(level=level).write(tmp_path, uid=None)
        clock.now_s += 1.0
        assert wellbeing.health == health


async def test_without_its_database_a_process_lets_nobody_in(dsns: Dsns) -> None:
    async with await Database.open(dsns.app, size=1) as db:
        wellbeing = Wellbeing(Brownout(), db, {})
        await wellbeing.look()
        assert wellbeing.health.able == 1.0
    await wellbeing.look()  # its pool is closed: nobody answers
    assert wellbeing.health.able == 0.0
