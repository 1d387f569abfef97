from __future__ import annotations

import asyncpg
import msgspec
import pytest

from bubuh.core.ids import fresh_account_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.model import AccountKind, Role, show_actor
from bubuh.identity.open_account import find_account, open_account
from bubuh.identity.refusals import AccountUnknown


@pytest.mark.parametrize("kind", list(AccountKind))
async def test_an_opened_account_is_found(db: Database, kind: AccountKind) -> None:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=kind, name="Dinas Kependudukan 'Ω'")
        account = await find_account(conn, opened.account_id)
    assert (account.id, account.kind, account.name) == (opened.account_id, kind, "Dinas Kependudukan 'Ω'")


async def test_no_account_is_unknown(db: Database) -> None:
    async with db.connection() as conn:
        with pytest.raises(AccountUnknown):
            await find_account(conn, fresh_account_id())


async def test_opening_is_audited_without_a_name(db: Database) -> None:
    async with db.transaction() as conn:
        alone = await open_account(conn, kind=AccountKind.PERSON, name="Siti Nurbaya")
        helped = await open_account(
            conn, kind=AccountKind.CHANNEL, name="Siti Nurbaya", roles=[Role.OPERATOR], actor="local"
        )
    rows = {row["account_id"]: row for row in await db.fetch("SELECT * FROM audit_entries")}
    assert rows[alone.account_id]["actor"] == show_actor(alone.user_id)
    assert rows[helped.account_id]["actor"] == "local"
    assert msgspec.json.decode(rows[helped.account_id]["facts"]) == {
        "kind": "channel",
        "owner": show_actor(helped.user_id),
        "roles": ["operator"],
    }
    assert not [row for row in rows.values() if "Siti" in str(dict(row))]


async def test_an_account_is_opened_whole_or_not_at_all(db: Database) -> None:
    async def open_and_fail() -> None:
        async with db.transaction() as conn:
            await open_account(conn, kind=AccountKind.PERSON, name="Siti")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await open_and_fail()
    for table in ("users", "accounts", "memberships", "audit_entries"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_the_application_cannot_rewrite_who_someone_is(conn: Conn) -> None:
    for statement in (
        "UPDATE users SET roles = ARRAY['operator']",
        "UPDATE accounts SET kind = 'authority'",
        "UPDATE api_keys SET scopes = ARRAY['all']",
        "UPDATE memberships SET user_id = gen_random_uuid()",
        "DELETE FROM api_keys",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)
