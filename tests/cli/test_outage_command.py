"""`bubuh outage`: an operator declares, tells and closes; what cannot be is refused in words."""

from __future__ import annotations

import asyncio
import json

import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.db.pool import Database
from bubuh.identity.model import Environment
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from tests.conftest import Dsns

TOLD = ("--id", "Pembubuhan berhenti.", "--en", "Stamping has stopped.")


@pytest.fixture(autouse=True)
async def facts(db: Database, dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="https://bubuh.example")
    await freeze_facts(db, wanted)


async def run(*options: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["outage", *options])


async def test_an_outage_from_its_first_word_to_its_last() -> None:
    told = await run(
        "open", "stamp", "buy", *TOLD, "--next", "30", "--began", "2026-11-01T08:00+07:00", "--json"
    )
    assert told.exit_code == 0, told.output
    outage = json.loads(told.stdout)
    assert outage["functions"] == ["buy", "stamp"]
    assert outage["began_at"] == "2026-11-01T01:00:00Z"
    assert outage["updates"][0]["next_update_at"] is not None
    assert (await run("update", outage["id"], *TOLD)).exit_code == 0
    over = await run("close", outage["id"], *TOLD, "--ended", "2026-11-01T11:30+07:00", "--json")
    assert json.loads(over.stdout)["ended_at"] == "2026-11-01T04:30:00Z"
    listed = await run("list", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)["outages"]] == [outage["id"]]
    assert "over" in (await run("list")).stdout


@pytest.mark.parametrize("began", ["yesterday", "2026-11-01T08:00"])
async def test_a_moment_without_its_time_zone_is_no_moment(began: str) -> None:
    told = await run("open", "stamp", *TOLD, "--began", began)
    assert told.exit_code == 2
    assert "expected" in told.output or "time zone" in told.output
