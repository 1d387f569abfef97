"""Reserved lanes are joined by the site's word alone; what became of a turn, by the log."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bubuh.core.ids import AccountId
from bubuh.gate.now import parts_of
from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.draw import Draw
from bubuh.waitingroom.estimate import Verdict
from bubuh.waitingroom.passes import vouch
from bubuh.waitingroom.proof import Joined, Shown
from bubuh.waitingroom.report import Health, Report, show_report
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.waitingroom.turn import Turn, bind_of, issue, read_bytes, read_turn
from tests.gate.conftest import Answer, Door, open_door
from tests.waitingroom.make import ALICE, BOB, RING, TENGGAT, deadline_lane, lane, rules

import msgspec  # isort: skip

NOBODY = AccountId(0)


@pytest.fixture
def now_s() -> int:
    return int(time.time())


@pytest.fixture
def door(door: Door, now_s: int) -> Door:
    """With a deadline two minutes ahead, too near for more than a few hundred numbers."""
    wanted = rules(lane(floor=0.1), deadline_lane(deadline_at=now_s + 120), per_s=2.0, safety_s=0)
    write_room_file(door.folder, RoomFile(is_open=True, rules=wanted), uid=None)
    door.keeper._watched._seen = -1
    return door


async def turn_of(door: Door, account_id: AccountId = ALICE) -> Turn:
    told = msgspec.json.decode((await joined(door, account_id)).body, type=Joined)
    turn = read_turn(read_bytes(told.turn), RING, now_s=int(time.time()))
    assert (told.code, told.number, told.lane) == (code_of(turn, RING), turn.number, turn.lane)
    return turn


async def joined(door: Door, account_id: AccountId = ALICE, lane_id: int = TENGGAT) -> Answer:
    return await door.call(
        "POST", "/gate/join", vouch(account_id, RING, now_s=int(time.time()), lane=lane_id)
    )


async def asked(door: Door, shown: bytes, *, by: AccountId = NOBODY, deadline_s: int = 0) -> Answer:
    letter = vouch(by, RING, now_s=int(time.time()))
    return await door.call("POST", "/gate/turn", letter + deadline_s.to_bytes(8) + shown)


def told(answer: Answer) -> Shown:
    assert answer.status == 200, answer.body
    return msgspec.json.decode(answer.body, type=Shown)


async def test_nobody_joins_a_reserved_lane_without_the_sites_word(door: Door, now_s: int) -> None:
    await door.tick(now_s=now_s)
    for body in (b"", b"surat=x"):
        answer = await door.call(
            "POST", "/antre/cpns", body, content_type="application/x-www-form-urlencoded"
        )
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "lane_reserved")
    assert (await door.call("POST", "/gate/join", bytes(32))).status == 403
    page = (await door.call("GET", "/antre")).body.decode()
    assert 'href="http://situs/jalur/cpns"' in page
    assert 'action="/antre/cpns"' not in page
    given = await turn_of(door)
    assert (given.lane, given.number, given.bind) == (TENGGAT, 1, bind_of(ALICE))


async def test_the_last_number_that_can_be_reached_is_told_at_once(door: Door, now_s: int) -> None:
    await door.tick(now_s=now_s)
    for _ in range(400):
        await joined(door)
    await door.tick(now_s=now_s + 1)
    said = json.loads(parts_of((await door.call("GET", "/now.json")).body)[0])
    lane_ = said["lanes"]["cpns"]
    assert lane_[6] == "no"
    serving, cut = lane_[1], lane_[7]
    assert serving < cut < 400
    assert cut - serving == pytest.approx(2.0 * 0.9 * 119 / door.keeper.room.lanes[TENGGAT].show, abs=1)
    late = await turn_of(door)
    page = await door.call("GET", "/antre/tempat", query=f"nomor={code_of(late, RING)}")
    assert "tidak terkejar; nomor terakhir yang terkejar" in page.body.decode()
    assert f"/bukti-antre?nomor={code_of(late, RING)}" in page.body.decode()


async def test_a_verdict_is_of_the_pace_that_is_on_and_never_sure_while_buying_rests(
    door: Door, now_s: int
) -> None:
    async def pass_time(health: Health, seconds: int) -> list[Any]:
        """Where the lane stands after so many seconds, by a clock that stands."""
        for _ in range(seconds):
            report = Report(process="web", said_at=int(time.time()), health=health)
            assert (await door.call("POST", "/gate/report", show_report(report, RING))).status == 204
            await door.tick(now_s=now_s)
        said = json.loads(parts_of((await door.call("GET", "/now.json")).body)[0])
        return list(said["lanes"]["cpns"])

    await door.tick(now_s=now_s)
    turns = [await turn_of(door) for _ in range(150)]
    whole = await pass_time(Health(), 1)
    assert whole[6] == Verdict.YES
    rests = await pass_time(Health(pays=0.0), 60)
    assert (rests[1], rests[6], rests[3]) == (whole[1], Verdict.LIKELY, 0.0)
    assert rests[7] == whole[7], "what could still be reached"
    page = await door.call("GET", "/antre/tempat", query=f"nomor={code_of(turns[-1], RING)}")
    assert "mungkin terkejar, belum pasti" in page.body.decode()
    slow = await pass_time(Health(able=0.1), 20)
    assert slow[3] > 0
    assert slow[6] == Verdict.LIKELY
    assert slow[7] - slow[1] < 0.8 * (whole[7] - whole[1])


async def test_what_became_of_a_turn_is_told_even_after_a_crash(door: Door, now_s: int) -> None:
    await door.tick(now_s=now_s)
    first = await turn_of(door)
    for _ in range(50):
        last = await turn_of(door, BOB)
    assert told(await asked(door, issue(last, RING))).seen is None, "within the minute"
    for minute in (1, 2, 3):
        await door.tick(now_s=now_s + 60 * minute)
    deadline_s = now_s + 120
    found = told(await asked(door, issue(last, RING), deadline_s=deadline_s))
    assert (found.lane, found.number, found.holder) == (TENGGAT, 51, f"{bind_of(BOB):016x}")
    assert found.seen is not None
    assert found.seen.waited_at is not None
    assert found.seen.waited_at >= deadline_s
    assert found.seen.was_open
    assert not found.is_spent
    assert found.ahead == 51 - door.keeper.room.lanes[TENGGAT].window.serving
    called = told(await asked(door, issue(first, RING)))
    assert called.subject != found.subject
    assert called.seen is not None
    assert called.seen.called_by is not None
    async with open_door(door.folder) as again:  # the one before was never closed
        assert told(await asked(again, issue(last, RING), deadline_s=deadline_s)) == found
    by_code = told(await asked(door, code_of(last, RING).encode(), by=BOB, deadline_s=deadline_s))
    assert by_code == found


async def test_a_turn_that_waits_for_its_draw_has_no_place_yet(door: Door, now_s: int) -> None:
    await door.tick(now_s=now_s)
    turn = await turn_of(door)
    door.keeper.room.lanes[TENGGAT].draws.append(Draw(TENGGAT, 0, bytes(8)))
    assert told(await asked(door, issue(turn, RING))).ahead is None


async def test_who_waits_in_a_lane_that_was_closed_is_told_so(door: Door, now_s: int) -> None:
    await door.tick(now_s=now_s)
    for _ in range(400):
        await joined(door)
    late = await turn_of(door)
    write_room_file(door.folder, RoomFile(is_open=True, rules=rules(lane())), uid=None)
    door.keeper._watched._seen = -1
    await door.tick(now_s=now_s + 1)
    page = (await door.call("GET", "/antre/tempat", query=f"nomor={code_of(late, RING)}")).body.decode()
    assert "Jalur ini sudah ditutup" in page
    assert f"/bukti-antre?nomor={code_of(late, RING)}" in page


async def test_a_turn_is_told_of_to_its_holder_alone(door: Door, now_s: int, tmp_path: Path) -> None:
    del tmp_path
    await door.tick(now_s=now_s)
    turn = await turn_of(door)
    code = code_of(turn, RING).encode()
    for by in (NOBODY, BOB):
        answer = await asked(door, code, by=by)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "turn_foreign")
    forged = bytearray(issue(turn, RING))
    forged[11] ^= 1
    assert (await asked(door, bytes(forged))).status == 403
    assert (await door.call("POST", "/gate/turn", bytes(40) + issue(turn, RING))).status == 403
