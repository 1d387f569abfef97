"""`bubuh room lane`: opened, its accounts named, in the room's file, closed; audited."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.core.ids import show_account
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind, Environment
from bubuh.identity.open_account import open_account
from bubuh.lanes.refusals import LaneNotOpen, LaneTaken
from bubuh.waitingroom.lanes import DEFAULT_RULES, LaneKind
from bubuh.waitingroom.refusals import NowTooLong
from bubuh.waitingroom.room_file import RoomFile, read_room_file, write_room_file
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from bubuh.wiring.folder import DataFolder, open_folder
from bubuh.wiring.room import settle_room
from tests.conftest import Dsns

FACTS = ("--kind", "partner", "--title", "Mitra API", "--floor", "0.1", "--ceiling", "0.5")


@pytest.fixture(autouse=True)
async def folder(db: Database, dsns: Dsns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DataFolder:
    made = open_folder(tmp_path / "data", Uids(app=None, signer=None, sandbox=None, postgres=None))
    settle_room(made, None)
    made.secret("person.key", None)
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    monkeypatch.setenv("BUBUH_DATA", str(made.path))
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="https://bubuh.example")
    await freeze_facts(db, wanted)
    return made


@pytest.fixture
async def account(db: Database) -> str:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.CHANNEL, name="Mitra Uji")
    return show_account(opened.account_id)


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


async def done(*words: str) -> dict[str, object]:
    told = await run("room", "lane", *words, "--json")
    assert told.exit_code == 0, told.output
    facts: dict[str, object] = json.loads(told.stdout)
    return facts


async def test_a_partners_lane_from_its_opening_to_its_end(folder: DataFolder, account: str) -> None:
    made = await done("open", "mitra", *FACTS)
    assert (made["kind"], made["state"], made["accounts"]) == ("partner", "open", [])
    assert made["page"] == "/jalur/mitra"
    lane = read_room_file(folder.room).rules.by_name("mitra")
    assert (lane.id, lane.kind, lane.floor, lane.ceiling) == (made["lane"], LaneKind.PARTNER, 0.1, 0.5)
    assert (await done("name", "mitra", account))["accounts"] == [account]
    changed = await done("open", "mitra", "--kind", "partner", "--title", "Mitra", "--weight", "3")
    assert (changed["lane"], changed["weight"], changed["accounts"]) == (made["lane"], 3.0, [account])
    assert read_room_file(folder.room).rules.by_name("mitra").weight == 3.0
    assert (await done("unname", "mitra", account))["accounts"] == []
    assert (await done("close", "mitra"))["state"] == "closed"
    assert read_room_file(folder.room).rules == DEFAULT_RULES
    assert [one["state"] for one in (await done("list"))["lanes"]] == ["closed"]  # type: ignore[attr-defined]
    assert isinstance((await run("room", "lane", "close", "mitra")).exception, LaneNotOpen)
    assert "Mitra" in (await run("room", "lane", "list")).output


async def test_a_lane_that_a_crash_or_other_rules_took_from_the_file_is_put_back(
    folder: DataFolder, tmp_path: Path
) -> None:
    await done("open", "mitra", *FACTS)
    write_room_file(folder.room, RoomFile(is_open=True), uid=None)
    await done("list")
    assert read_room_file(folder.room).rules.by_name("mitra").title == "Mitra API"
    rules = tmp_path / "rules.json"
    rules.write_text('{"lanes": [{"id": 3, "name": "umum", "kind": "retail", "title": "Umum"}], "per_s": 7}')
    assert (await run("room", "open", "--rules", str(rules))).exit_code == 0
    file = read_room_file(folder.room)
    assert ([lane.name for lane in file.rules.lanes], file.rules.per_s) == (["umum", "mitra"], 7)


async def test_deadlines_and_lanes_take_no_names_from_each_other() -> None:
    await done("open", "dinas", "--title", "Dinas Satu")
    words = ("--name", "Seleksi", "--agency", "BKN", "--at", "2027-01-31T23:59+07:00")
    assert (await run("deadline", "register", "dinas", *words)).exit_code == 1
    assert (await run("deadline", "register", "cpns", *words)).exit_code == 0
    assert isinstance((await run("room", "lane", "open", "cpns", "--title", "Lain")).exception, LaneTaken)
    await run("deadline", "close", "cpns")
    assert isinstance((await run("room", "lane", "open", "cpns", "--title", "Lain")).exception, LaneTaken)


async def test_what_could_make_now_json_too_long_is_refused_and_nothing_is_done(folder: DataFolder) -> None:
    words = ("--name", "Seleksi", "--agency", "BKN", "--at", "2027-01-31T23:59+07:00")
    for slug in ("seleksi-satu-abc", "seleksi-dua-abcd"):
        assert (await run("deadline", "register", slug, *words)).exit_code == 0
    before = read_room_file(folder.room)
    third = await run("deadline", "register", "seleksi-tiga-abc", *words)
    assert isinstance(third.exception, NowTooLong)
    announced = ("--closes-at", "2027-01-31T23:59+07:00", "--says", "IHSG", "--lane")
    told = await run("room", "draw", "announce", *announced, "seleksi-satu-abc", "--lane", "umum")
    assert isinstance(told.exception, NowTooLong)
    assert read_room_file(folder.room) == before
    await run("deadline", "close", "seleksi-dua-abcd")
    drawn = ("umum", "--lane", "bubuhkan", "--lane", "bantuan")
    assert (await run("room", "draw", "announce", *announced, *drawn)).exit_code == 0
    opened = await run("room", "lane", "open", "dinas-yang-jauh1", "--title", "Dinas")
    assert isinstance(opened.exception, NowTooLong)
    assert (await done("list"))["lanes"] == [], "taken back with the transaction"
    assert (await run("room", "draw", "drop")).exit_code == 0
    assert (await done("open", "dinas-yang-jauh1", "--title", "Dinas"))["state"] == "open"
