"""`bubuh account invite`, `share`, `shares`, `limit`, `bubuh quota transfer`: JSON, honest exit codes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bubuh.cli import app
from bubuh.core.errors import Refusal
from bubuh.core.ids import fresh_id, show_account
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind, Environment
from bubuh.identity.open_account import open_account
from bubuh.identity.organisations.join import find_invited
from bubuh.identity.people.keys import PersonKey
from bubuh.quota.allot import allot
from bubuh.quota.refusals import ChildAccount, QuotaExhausted, ShareUnknown
from bubuh.wiring.facts import ServiceFacts, freeze_facts
from bubuh.worker.routes import tell
from tests.conftest import Dsns


@pytest.fixture
async def command(db: Database, dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on a development service's database: its JSON, or the refusal that ended it."""
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    wanted = ServiceFacts(environment=Environment.TEST, issuer="T1", public_url="http://127.0.0.1:1")
    await freeze_facts(db, wanted)

    async def run(*arguments: str) -> Any:
        result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
        if result.exit_code != 0:
            assert isinstance(result.exception, Refusal), result.output
            return result.exception
        return json.loads(result.stdout)

    return run


async def account(db: Database, stamps: int) -> str:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.ORGANISATION, name="Kantor Uji")
        if stamps:
            ref = fresh_id(opened.account_id)
            await allot(conn, ref=ref, account_id=opened.account_id, stamps=stamps, actor="local")
    return show_account(opened.account_id)


async def test_a_share_is_opened_listed_changed_and_closed(command: Any, db: Database) -> None:
    parent = await account(db, 5)
    opened = await command("account", "share", parent, "--name", "Cabang", "--limit", "3", "--key", "a")
    assert (opened["limit"], opened["left"], opened["changed"]) == (3, 3, True)
    again = await command("account", "share", parent, "--name", "Cabang", "--limit", "3", "--key", "a")
    assert (again["id"], again["changed"]) == (opened["id"], False)
    shown = await command("quota", "show", opened["id"])
    assert (shown["free"], shown["parent"], shown["limit"]) == (3, parent, 3)
    changed = await command("account", "limit", opened["id"], "--of", parent, "--limit", "9", "--close")
    assert (changed["limit"], changed["left"], changed["closed"]) == (9, 0, True)
    assert (await command("account", "limit", opened["id"], "--of", parent, "--open"))["left"] == 9
    (listed,) = (await command("account", "shares", parent))["shares"]
    assert (listed["id"], listed["name"]) == (opened["id"], "Cabang")


async def test_what_is_refused_ends_in_its_refusal(command: Any, db: Database) -> None:
    parent, other = await account(db, 5), await account(db, 0)
    child = (await command("account", "share", parent, "--name", "Cabang", "--limit", "3"))["id"]
    assert isinstance(await command("account", "limit", child, "--of", other, "--limit", "1"), ShareUnknown)
    assert isinstance(await command("account", "share", child, "--name", "x", "--limit", "1"), ChildAccount)
    assert isinstance(await command("quota", "allot", child, "1"), ChildAccount)
    assert isinstance(await command("quota", "transfer", other, parent, "1"), QuotaExhausted)


async def test_stamps_are_moved_once(command: Any, db: Database) -> None:
    giver, receiver = await account(db, 5), await account(db, 0)
    sent = await command("quota", "transfer", giver, receiver, "2", "--key", "k")
    assert (sent["state"], sent["free"], sent["replayed"]) == ("in_transit", 3, False)
    for shard in range(64):
        await tell(db, shard_of_account(shard))
    again = await command("quota", "transfer", giver, receiver, "2", "--key", "k")
    assert again == {**sent, "state": "arrived", "replayed": True}
    assert (await command("quota", "show", receiver))["free"] == 2
    acts = "SELECT count(*) FROM audit_entries WHERE act = 'quota.transfer'"
    assert await db.fetchval(acts) == 1


async def test_an_organisation_that_was_opened_here_is_given_its_first_administrator(
    command: Any, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "person.key").write_text(bytes(32).hex())
    monkeypatch.setenv("BUBUH_DATA", str(tmp_path))
    office = await account(db, 0)
    made = await command("account", "invite", office, "--key", "a")
    assert await command("account", "invite", office, "--key", "a") == made
    assert made["link"] == "http://127.0.0.1:1/undangan"
    invited = await find_invited(db, made["code"], key=PersonKey(bytes(32)))
    assert (show_account(invited.account_id), invited.role) == (office, "owner")
    sent = await command("account", "invite", office, "--to", "sari@contoh.id")
    assert "code" not in sent
    assert "sari@contoh.id" not in sent["sent_to"]
