"""`bubuh deadline`: registered, its lane in the room's file, shown and closed; the agency's list hashed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.deadlines.model import mark_of
from bubuh.identity.model import Environment
from bubuh.waitingroom.lanes import DEFAULT_RULES
from bubuh.waitingroom.room_file import RoomFile, read_room_file, write_room_file
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from bubuh.wiring.folder import DataFolder, open_folder
from bubuh.wiring.room import settle_room
from tests.conftest import Dsns

SALT = "garam-2026-november"
FACTS = ("--name", "Seleksi CPNS", "--agency", "BKN", "--at", "2027-01-31T23:59+07:00")


@pytest.fixture(autouse=True)
async def folder(db: Database, dsns: Dsns, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DataFolder:
    nobody = Uids(app=None, signer=None, sandbox=None, postgres=None)
    made = open_folder(tmp_path / "data", nobody)
    settle_room(made, None)
    made.secret("person.key", None)
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    monkeypatch.setenv("BUBUH_DATA", str(made.path))
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="https://bubuh.example")
    await freeze_facts(db, wanted)
    return made


async def run(*options: str, typed: str | None = None) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["deadline", *options], input=typed)


async def test_a_deadline_from_the_agencys_list_to_its_end(folder: DataFolder, tmp_path: Path) -> None:
    numbers = "3175-0001\n\n3175-0002\n"
    hashed = await run("hash", "--salt", SALT, typed=numbers)
    assert hashed.stdout.split() == [mark_of(SALT, "31750001"), mark_of(SALT, "31750002")]
    file = tmp_path / "list.txt"
    file.write_text(hashed.stdout)
    told = await run("register", "cpns", *FACTS, "--list", str(file), "--salt", SALT, "--json")
    assert told.exit_code == 0, told.output
    made = json.loads(told.stdout)
    assert (made["at"], made["wib"]) == ("2027-01-31T16:59:00Z", "31-01-2027 23.59.00\N{NO-BREAK SPACE}WIB")
    lane = read_room_file(folder.room).rules.by_name("cpns")
    assert (lane.id, lane.deadline_at, lane.expected) == (made["lane"], 1_801_414_740, 2)
    shown = json.loads((await run("show", "--json")).stdout)["deadlines"]
    assert [(one["slug"], one["state"], one["entries"]) for one in shown] == [("cpns", "open", 0)]
    closed = await run("close", "cpns", "--json")
    assert json.loads(closed.stdout)["state"] == "closed"
    assert read_room_file(folder.room).rules == DEFAULT_RULES


async def test_a_lane_that_a_crash_kept_from_the_gate_is_put_back(folder: DataFolder) -> None:
    await run("register", "cpns", *FACTS)
    write_room_file(folder.room, RoomFile(is_open=True), uid=None)
    assert (await run("show", "cpns")).exit_code == 0
    file = read_room_file(folder.room)
    assert file.is_open
    assert file.rules.by_name("cpns").deadline_at == 1_801_414_740


async def test_a_fresh_salt_is_told_on_the_side() -> None:
    told = await run("hash", typed="1\n")
    salt = told.stderr.removeprefix("salt: ").strip()
    assert told.stdout.strip() == mark_of(salt, "1")
    assert (await run("hash", "--salt", "short", typed="1\n")).exit_code == 2


async def test_what_cannot_be_registered_is_refused(tmp_path: Path) -> None:
    assert (await run("register", "cpns", *FACTS[:-1], "2027-01-31T23:59")).exit_code == 2, "no zone"
    names = tmp_path / "names.txt"
    names.write_text("Sari Dewi\n")
    told = await run("register", "cpns", *FACTS, "--list", str(names), "--salt", SALT)
    assert told.exit_code == 1
    assert type(told.exception).__name__ == "ListUnreadable"
    assert type((await run("show", "cpns")).exception).__name__ == "DeadlineUnknown"
