"""`bubuh room draw` and `bubuh turn`: from the commitment to an order that anybody recomputes."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.cli.room_draw import DrawStillOpen, DrawUnderWay, NoDraw
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.gate.keeper import GateKeys, Keeper
from bubuh.identity.model import Environment
from bubuh.waitingroom.turn import ANYONE
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from bubuh.wiring.folder import DataFolder, open_folder
from bubuh.wiring.room import PASS_RING, TURN_RING, read_now_key, read_ring, settle_room
from tests.conftest import Dsns
from tests.waitingroom.make import UMUM

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def folder(db: Database, dsns: Dsns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    made = open_folder(tmp_path / "data", Uids.here())
    settle_room(made, Uids.here().app)
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    monkeypatch.setenv("BUBUH_DATA", str(made.path))
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="https://bubuh.example")
    await freeze_facts(db, wanted)
    return made


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


async def announce(closes_in: timedelta, *lanes: str) -> Result:
    closes_at = (datetime.now(UTC) + closes_in).isoformat(timespec="seconds")
    named = [word for lane in lanes or ("umum",) for word in ("--lane", lane)]
    return await run("room", "draw", "announce", "--closes-at", closes_at, "--says", "IHSG", *named, "--json")


async def test_from_the_commitment_to_the_audit(folder: DataFolder, tmp_path: Path) -> None:
    told = await announce(timedelta())
    assert told.exit_code == 0, told.output
    keeper = keeper_of(folder)
    assert json.loads(told.stdout)["draw"]["secret"] == ""
    now_s = int(time.time())
    await keeper.tick(now_s, 1.0)
    for _ in range(20):
        keeper.join(UMUM, bind=ANYONE, now_s=now_s)
    await keeper.tick(now_s + 1, 1.0)
    assert (await run("room", "draw", "reveal", "--value", "7.412,55")).exit_code == 0
    await keeper.tick(now_s + 2, 1.0)
    await keeper.tick(now_s + 3, 1.0)
    log = tmp_path / "published.log"
    assert (await run("turn", "publish", str(log))).exit_code == 0
    audited = await run("turn", "audit", str(log), "--json")
    facts = json.loads(audited.stdout)
    assert (audited.exit_code, facts["honest"]) == (0, True), facts["findings"]
    assert (facts["draws"][0]["first"], facts["draws"][0]["last"]) == (1, 20)
    log.write_bytes(log.read_bytes().replace(b"7.412,55", b"7.412,56"))
    changed = await run("turn", "audit", str(log))
    assert changed.exit_code == 1
    assert "line_changed" in changed.output
    assert "false_key" in changed.output


async def test_what_cannot_be_is_refused() -> None:
    for words in (("reveal", "--value", "1"), ("drop",)):
        assert isinstance((await run("room", "draw", *words)).exception, NoDraw)
    assert (await announce(DAY)).exit_code == 0
    assert isinstance((await announce(DAY)).exception, DrawUnderWay)
    early = await run("room", "draw", "reveal", "--value", "1")
    assert isinstance(early.exception, DrawStillOpen)
    assert (await run("room", "draw", "drop")).exit_code == 0
    assert "given up" in (await run("room", "show")).output
    assert (await announce(DAY, "umum", "umum", "umum", "umum", "umum")).exit_code == 2
    assert (await announce(DAY)).exit_code == 0


def keeper_of(folder: DataFolder) -> Keeper:
    keys = GateKeys(
        turns=read_ring(folder, TURN_RING), passes=read_ring(folder, PASS_RING), now=read_now_key(folder)
    )
    return Keeper.open(folder.room, keys)
