"""`bubuh partner`: shown under a public name, listed, hidden."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.core.ids import show_account
from bubuh.db.pool import Database
from bubuh.identity.partners.refusals import PartnerNotShown, PartnerWrong
from tests.cli.test_lane_command import folder
from tests.identity.test_shown_partners import account

__all__ = ["folder"]


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["partner", *words])


async def done(*words: str) -> dict[str, Any]:
    told = await run(*words, "--json")
    assert told.exit_code == 0, told.output
    facts: dict[str, Any] = json.loads(told.stdout)
    return facts


async def test_a_partner_is_shown_listed_and_hidden(db: Database) -> None:
    one, other = show_account(await account(db)), show_account(await account(db))
    shown = await done("show", one, "--name", "Toko A")
    assert (shown["account"], shown["name"], shown["state"]) == (one, "Toko A", "shown")
    assert isinstance((await run("show", other, "--name", "Toko A")).exception, PartnerWrong)
    assert [found["name"] for found in (await done("list"))["partners"]] == ["Toko A"]
    assert "Toko A" in (await run("list")).output
    assert (await done("hide", one))["state"] == "hidden"
    assert (await done("list"))["partners"] == []
    assert isinstance((await run("hide", one)).exception, PartnerNotShown)


async def test_a_name_is_needed(db: Database) -> None:
    one = show_account(await account(db))
    assert (await run("show", one)).exit_code == 2
    assert isinstance((await run("show", one, "--name", " ")).exception, PartnerWrong)
