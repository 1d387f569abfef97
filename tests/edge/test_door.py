"""The door: whose pass opens it, who needs none, and what the gate is told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, fresh_id
from bubuh.db.pool import Database
from bubuh.edge.door import Door
from bubuh.waitingroom.lanes import REPAIR_ID
from bubuh.waitingroom.passes import PASS_LIFE_S, Pass, check_pass, give
from bubuh.waitingroom.refusals import OneOrder, PassNeeded, TurnRefused
from bubuh.waitingroom.room_file import RoomFile, Watched, write_room_file
from bubuh.waitingroom.turn import ANYONE, read_bytes, show_bytes
from tests.gate.conftest import open_door
from tests.gate.in_process import InProcess
from tests.gateway_dev.rig import make_principal
from tests.orders.bare import place_bare
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


def a_pass(account_id: AccountId, *, left_s: int = PASS_LIFE_S) -> str:
    facts = Pass(lane=UMUM, gen=2, number=7, expires_at=NOW_S + left_s, account_id=account_id)
    return show_bytes(give(facts, RING))


async def admit(door: Door, db: Database, shown: str | None, *, is_queued: bool = True) -> str | None:
    return await door.admit(db, ALICE, shown, is_queued=is_queued, now_s=NOW_S)


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
        assert await admit(door, db, shown, is_queued=False) is None


async def test_a_pass_is_renewed_by_use_and_the_gate_is_told(
    door: Door, db: Database, gate: InProcess
) -> None:
    kept = await admit(door, db, a_pass(ALICE, left_s=60), is_queued=False)
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


async def test_an_open_order_lets_its_buyer_back_and_no_second_one(door: Door, db: Database) -> None:
    account_id = make_principal().account_id
    order_id = fresh_id(account_id)
    with pytest.raises(PassNeeded):
        await door.admit(db, account_id, None, is_queued=True, now_s=NOW_S)
    assert await place_bare(db, account_id, order_id, stamps=2, valid_s=3600) == "done"
    kept = await door.admit(db, account_id, None, is_queued=True, now_s=NOW_S)
    assert kept is not None
    assert check_pass(read_bytes(kept), RING, account_id, now_s=NOW_S).lane == REPAIR_ID
    await door.see_one_order(db, account_id, order_id)  # the same form sent again
    with pytest.raises(OneOrder):
        await door.see_one_order(db, account_id, fresh_id(account_id))


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
    need = Door(watched, RING, gate, gate_url="http://gerbang", health=lambda: (0.5, True))
    assert need.queues_buying
    assert not is_open(need)
    await need.report(now_s=NOW_S)
    assert calls_people()
    turn = keeper.join(UMUM, bind=ANYONE, now_s=NOW_S)
    await keeper.tick(NOW_S + 1, 1.0)
    assert keeper.room.lanes[UMUM].window.serving >= turn.number
    await keeper.tick(NOW_S + 60, 1.0)  # its word has grown old
    assert not calls_people()


async def test_who_is_well_and_has_nothing_to_tell_says_nothing(door: Door, gate: InProcess) -> None:
    gate.is_down = True
    await door.report(now_s=NOW_S)
    assert gate.gate.keeper.room.inside == {}
