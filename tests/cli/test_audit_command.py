"""`bubuh audit verify` says whether all is whole, and names what is not."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from bubuh.cli import app
from bubuh.core.ids import AccountId, fresh_id, show_account
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.quota.allot import allot
from bubuh.quota.chain.link import link_shard
from tests.conftest import Dsns


async def verified(dsns: Dsns, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setenv("BUBUH_DATABASE_URL", dsns.app)
    return await asyncio.to_thread(CliRunner().invoke, app, ["audit", "verify", *options])


@pytest.fixture
async def account(db: Database) -> AccountId:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.PERSON, name="Uji")
        account_id = opened.account_id
        await allot(conn, ref=fresh_id(account_id), account_id=account_id, stamps=3, actor="local")
    await link_shard(db, shard_of_account(account_id))
    return account_id


async def test_what_is_whole_is_said_to_be(
    account: AccountId, dsns: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    result = await verified(dsns, monkeypatch, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "whole": True,
        "transfers": 1,
        "unlinked": 0,
        "signed_heads": 0,
        "breaks": [],
    }
    result = await verified(dsns, monkeypatch)
    assert "whole" in result.stdout


async def test_altered_rows_of_both_chains_are_named(
    account: AccountId, dsns: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = await asyncpg.connect(dsns.superuser)
    await hand.execute("SET session_replication_role = replica")
    await hand.execute("UPDATE quota_transfers SET stamps = 9")
    await hand.execute("UPDATE audit_entries SET actor = 'x' WHERE no = 2")
    await hand.close()
    result = await verified(dsns, monkeypatch, "--json")
    assert result.exit_code == 1
    transfer, entry = json.loads(result.stdout)["breaks"]
    assert (transfer["chain"], transfer["kind"]) == ("transfers", "altered")
    assert (transfer["account"], transfer["transfer"]) == (show_account(account), 1)
    assert (entry["chain"], entry["kind"], entry["entry"]) == ("audit", "altered", 2)
    people = (await verified(dsns, monkeypatch)).stdout
    assert "not whole" in people
    assert show_account(account) in people
