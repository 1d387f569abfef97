"""The door: whose pass opens it, who needs none, and what the gate is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, fresh_id
from bubuh.db.pool import Database
from bubuh.edge.door import Door
from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.lanes import REPAIR_ID, Errand, LaneKind
from bubuh.waitingroom.passes import PASS_LIFE_S, Pass, check_pass, give, vouch
from bubuh.waitingroom.refusals import NotYet, PassNeeded, RepairFull, TurnRefused
from bubuh.waitingroom.report import Health, Report
from bubuh.waitingroom.room_file import RoomFile, Watched, Why, write_room_file
from bubuh.waitingroom.turn import ANYONE, bind_of, read_bytes, show_bytes
from tests.gate.conftest import open_door
from tests.gate.in_process import InProcess
from tests.gateway_dev.rig import make_principal
from tests.orders.bare import place_bare
from tests.quota.desk import Desk
from tests.quota.story import accept, put_document
from tests.waitingroom.make import ALICE, BOB, RING, UMUM, lane, rules

NOW_S = 0  #: when the test began


@pytest.fixture(autouse=True)
def _present(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate goes by the machine's clock, and a report is good for a short while only."""
    monkeypatch.setattr(f"{__name__}.NOW_S", int(time.time()))


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[InProcess]:
    (tmp_path / "public").mkdir()
    write_room_file(tmp_path, RoomFile(is_open=True, rules=rules(lane())), uid=None)
    async with open_door(tmp_path) as opened:
        yield InProcess(opened)


@pytest.fixture
def door(gate: InProcess) -> Door:
    return Door(Watched(gate.gate.folder, RoomFile()), RING, gate, gate_url="http://gerbang/")


def a_pass(account_id: AccountId, *, left_s: int = PASS_LIFE_S, lane_id: int = UMUM) -> str:
    facts = Pass(lane=lane_id, gen=2, number=7, expires_at=NOW_S + left_s, account_id=account_id)
    return show_bytes(give(facts, RING))


async def admit(
    door: Door, db: Database, shown: str | None, *, errand: Errand | None = Errand.BUY
) -> str | None:
    return await door.admit(db, ALICE, shown, errand=errand, now_s=NOW_S)


def is_open(door: Door) -> bool:
    """As after the second for which it remembers."""
    door._looked_s = float("-inf")
    return door.is_open


def test_the_door_follows_what_the_operator_decides(door: Door, gate: InProcess) -> None:
    assert is_open(door)
    write_room_file(gate.gate.folder, RoomFile(), uid=None)
    assert not is_open(door)
    (gate.gate.folder / "room.json").write_text("not json")
    assert not is_open(door)


async def test_only_ones_own_living_pass_opens_it(door: Door, db: Database) -> None:
    assert await admit(door, db, a_pass(ALICE)) is None
    forged = a_pass(ALICE)[:-2] + "AA"
    for shown in (None, "", "!", "\N{SNOWMAN}", a_pass(BOB), a_pass(ALICE, left_s=0), forged):
        with pytest.raises(PassNeeded):
            await admit(door, db, shown)
        assert await admit(door, db, shown, errand=None) is None


async def test_a_pass_is_renewed_by_use_and_the_gate_is_told(
    door: Door, db: Database, gate: InProcess
) -> None:
    kept = await admit(door, db, a_pass(ALICE, left_s=60), errand=None)
    assert kept is not None
    assert check_pass(read_bytes(kept), RING, ALICE, now_s=NOW_S).expires_at == NOW_S + PASS_LIFE_S
    gate.is_down = True
    await door.report(now_s=NOW_S)
    assert ALICE not in gate.gate.keeper.room.inside
    gate.is_down = False
    await door.report(now_s=NOW_S)
    inside = gate.gate.keeper.room.inside[ALICE]
    assert (inside.lane, inside.number, inside.expires_at) == (UMUM, 7, NOW_S + PASS_LIFE_S)


async def test_a_number_that_is_none_is_refused_before_the_gate(door: Door) -> None:
    for number in ("\N{SNOWMAN}", "?" * 50):
        with pytest.raises(TurnRefused):
            await door.enter(ALICE, number, now_s=NOW_S)
    with pytest.raises(Refusal):
        await door.enter(ALICE, "0000-0000-0000-0000", now_s=NOW_S)


#: What a pass of each kind of lane is good for, in the words of the plan.
GOOD_FOR: dict[LaneKind, set[Errand]] = {
    LaneKind.REPAIR: set(),
    LaneKind.STAMP: {Errand.STAMP},
    LaneKind.DEADLINE: {Errand.BUY, Errand.STAMP},
    LaneKind.GROUP: {Errand.BUY, Errand.STAMP},
    LaneKind.RETAIL: {Errand.BUY, Errand.STAMP},
    LaneKind.PARTNER: {Errand.BUY, Errand.STAMP},
    LaneKind.ASSIST: {Errand.BUY, Errand.STAMP},
}
LEFT_OUT = 40


async def begin(db: Database, errand: Errand) -> AccountId:
    """Somebody who has this under way, and nothing else."""
    desk = Desk(db)
    if errand is Errand.BUY:
        account_id = await desk.account()
        order_id = fresh_id(account_id)
        assert await place_bare(db, account_id, order_id, stamps=2, valid_s=3600) == "done"
        return account_id
    account_id = await desk.account(1)
    document_id = fresh_id(account_id)
    await put_document(db, account_id, document_id)
    await accept(db, account_id, document_id, fresh_id(account_id))
    return account_id


async def opens(door: Door, db: Database, account_id: AccountId, shown: str | None, errand: Errand) -> bool:
    try:
        await door.admit(db, account_id, shown, errand=errand, now_s=NOW_S)
    except PassNeeded:
        return False
    return True


async def test_a_pass_opens_what_its_lane_is_for_and_what_its_holder_has_under_way(
    door: Door, db: Database, gate: InProcess
) -> None:
    lanes = {kind: REPAIR_ID if kind is LaneKind.REPAIR else 10 + at for at, kind in enumerate(LaneKind)}
    made = [
        lane(id=lane_id, name=str(kind), kind=kind, deadline_at=1 if kind is LaneKind.DEADLINE else None)
        for kind, lane_id in lanes.items()
    ]
    write_room_file(gate.gate.folder, RoomFile(is_open=True, rules=rules(*made)), uid=None)
    nobody = make_principal().account_id
    passes = {kind: (lanes[kind], GOOD_FOR[kind]) for kind in LaneKind}
    for lane_id, good_for in (*passes.values(), (LEFT_OUT, set(Errand))):
        for errand in Errand:
            shown = a_pass(nobody, lane_id=lane_id)
            assert await opens(door, db, nobody, shown, errand) is (errand in good_for), (lane_id, errand)
    await gate.gate.tick(5, now_s=NOW_S)
    for under_way in Errand:
        somebody = await begin(db, under_way)
        for errand in Errand:
            assert await opens(door, db, somebody, None, errand) is (errand is under_way)
            for lane_id, good_for in passes.values():
                shown = a_pass(somebody, lane_id=lane_id)
                good = errand in good_for or errand is under_way
                assert await opens(door, db, somebody, shown, errand) is good, (lane_id, errand, under_way)


async def test_a_pass_of_the_stamp_lane_leads_on_through_a_lane_that_buys(
    door: Door, db: Database, gate: InProcess
) -> None:
    """Who waited to stamp, and then to buy, has one pass, and it is good for both."""
    stamping = lane(id=2, name="bubuhkan", kind=LaneKind.STAMP)
    write_room_file(gate.gate.folder, RoomFile(is_open=True, rules=rules(stamping, lane())), uid=None)
    keeper, account_id = gate.gate.keeper, make_principal().account_id
    await gate.gate.tick(now_s=NOW_S)
    codes = [
        code_of(keeper.join(lane_id, bind=bind_of(account_id), now_s=NOW_S), RING) for lane_id in (2, UMUM)
    ]
    await gate.gate.tick(3, now_s=NOW_S)
    shown = await door.enter(account_id, codes[0], now_s=NOW_S)
    assert await opens(door, db, account_id, shown, Errand.STAMP)
    assert not await opens(door, db, account_id, shown, Errand.BUY)
    shown = await door.enter(account_id, codes[1], now_s=NOW_S)
    assert await opens(door, db, account_id, shown, Errand.STAMP)
    assert await opens(door, db, account_id, shown, Errand.BUY)
    assert len(keeper.room.inside) == 1
    assert await door.enter(account_id, codes[0], now_s=NOW_S) == shown, "the wider one stays"


async def test_however_many_come_back_at_once_the_repair_lane_lets_in_its_ceiling(
    door: Door, db: Database, gate: InProcess
) -> None:
    """Two processes of the site, twenty people a second in all, a fifth of them by this lane."""
    await gate.gate.tick(2, now_s=NOW_S)
    people = [await begin(db, Errand.BUY) for _ in range(60)]
    other = Door(Watched(gate.gate.folder, RoomFile()), RING, gate, gate_url="http://gerbang/")

    async def come(at: int, account_id: AccountId) -> int:
        try:
            kept = await (door, other)[at % 2].admit(db, account_id, None, errand=Errand.BUY, now_s=NOW_S)
        except RepairFull:
            return 0
        assert kept is not None
        assert check_pass(read_bytes(kept), RING, account_id, now_s=NOW_S).lane == REPAIR_ID
        return 1

    async def come_all() -> int:
        return sum(await asyncio.gather(*(come(at, one) for at, one in enumerate(people))))

    inside = gate.gate.keeper.room.inside
    assert await come_all() == len(inside) == 8
    assert await come_all() == len(inside) == 8, "who is in gets the pass they have, and nobody else one"
    await gate.gate.tick(now_s=NOW_S + 3)
    assert await come_all() == len(inside) == 12


async def test_while_no_gate_answers_the_site_lets_back_in_by_itself_and_tells_it_later(
    door: Door, db: Database, gate: InProcess
) -> None:
    gate.is_down = True
    account_id = await begin(db, Errand.STAMP)
    kept = await door.admit(db, account_id, None, errand=Errand.STAMP, now_s=NOW_S)
    assert kept is not None
    assert check_pass(read_bytes(kept), RING, account_id, now_s=NOW_S).lane == REPAIR_ID
    with pytest.raises(PassNeeded):
        await door.admit(db, make_principal().account_id, None, errand=Errand.STAMP, now_s=NOW_S)
    gate.is_down = False
    await door.report(now_s=NOW_S)
    assert gate.gate.keeper.room.inside[account_id].lane == REPAIR_ID


async def test_a_place_is_free_15_minutes_after_the_last_act_and_who_has_something_open_comes_back_at_once(
    door: Door, db: Database, gate: InProcess
) -> None:
    """One place. Its holder ordered and does not pay: nobody is kept out by that, and nothing is lost."""
    write_room_file(gate.gate.folder, RoomFile(is_open=True, rules=rules(lane(), slots=1)), uid=None)
    keeper, idle = gate.gate.keeper, make_principal().account_id
    buyer = await begin(db, Errand.BUY)

    async def tick(at_s: int, seconds: int = 3) -> None:
        said = Report(process="web", said_at=NOW_S + at_s, health=Health())
        keeper.hear(said, now_s=NOW_S + at_s)
        await gate.gate.tick(seconds, now_s=NOW_S + at_s)

    await tick(0)
    numbers = [code_of(keeper.join(UMUM, bind=bind_of(one), now_s=NOW_S), RING) for one in (buyer, idle)]
    await tick(3)
    shown = await door.enter(buyer, numbers[0], now_s=NOW_S)
    await tick(6)
    with pytest.raises(NotYet):
        await door.enter(idle, numbers[1], now_s=NOW_S)
    acted_s = 600
    kept = await door.admit(db, buyer, shown, errand=Errand.BUY, now_s=NOW_S + acted_s)
    assert kept is not None
    await door.report(now_s=NOW_S)
    await tick(acted_s + PASS_LIFE_S - 4)
    assert buyer in keeper.room.inside, "its last act is what counts"
    await tick(acted_s + PASS_LIFE_S)
    assert keeper.room.inside == {}
    await door.enter(idle, numbers[1], now_s=NOW_S)
    assert set(keeper.room.inside) == {idle}, "nobody pins a place by not paying"
    back = await door.admit(db, buyer, a_pass(buyer, left_s=0), errand=Errand.BUY, now_s=NOW_S)
    assert back is not None
    assert read_bytes(back)[1] == REPAIR_ID
    assert set(keeper.room.inside) == {idle, buyer}, "the house is full, and the order goes on"
    with pytest.raises(PassNeeded):
        await door.admit(db, idle, a_pass(idle, left_s=0), errand=Errand.BUY, now_s=NOW_S)


async def test_only_the_site_has_anybody_repaired(gate: InProcess) -> None:
    for letter in (vouch(ALICE, RING, now_s=NOW_S), vouch(ALICE, RING, now_s=NOW_S, lane=UMUM), bytes(32)):
        with pytest.raises(TurnRefused):
            await gate.repair(letter)


async def test_a_process_in_need_has_buying_queue_and_people_called_for_it(
    gate: InProcess, db: Database
) -> None:
    """The operator opened nothing."""
    write_room_file(gate.gate.folder, RoomFile(), uid=None)
    keeper = gate.gate.keeper

    def calls_people() -> bool:
        return keeper.is_open

    await keeper.tick(NOW_S, 1.0)
    assert not calls_people()
    watched = Watched(gate.gate.folder, RoomFile())
    need = Door(watched, RING, gate, gate_url="http://gerbang", health=lambda: Health(able=0.5, queues=True))
    assert need.queues_buying
    assert not is_open(need)
    await need.report(now_s=NOW_S)
    assert calls_people()
    turn = keeper.join(UMUM, bind=ANYONE, now_s=NOW_S)
    await keeper.tick(NOW_S + 1, 1.0)
    assert keeper.room.lanes[UMUM].window.serving >= turn.number
    await keeper.tick(NOW_S + 60, 1.0)  # its word has grown old
    assert not calls_people()


async def test_a_site_that_says_nothing_any_more_is_away_and_no_window_ends_meanwhile(
    door: Door, gate: InProcess
) -> None:
    keeper = gate.gate.keeper
    await gate.gate.tick(now_s=NOW_S)
    for _ in range(3):
        keeper.join(UMUM, bind=ANYONE, now_s=NOW_S)
    await door.report(now_s=NOW_S)
    await gate.gate.tick(2, now_s=NOW_S + 1)
    window = keeper.room.lanes[UMUM].window
    assert (window.serving, window.floor, keeper.why) == (3, 0, None)
    for _ in range(1000):
        keeper.join(UMUM, bind=ANYONE, now_s=NOW_S)
    await gate.gate.tick(1800, now_s=NOW_S + 11)
    assert (window.serving, window.floor, keeper.why) == (3, 0, Why.AWAY)
    await door.report(now_s=int(time.time()))
    await gate.gate.tick(2, now_s=time.time())
    assert window.serving > 3
    assert keeper.why is None
