"""Money moves inside the functions only: the application may call them, and may write nothing itself."""

from __future__ import annotations

import asyncpg
import pytest

from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn
from tests.quota.desk import Desk

#: tables that nobody but the owner's functions writes, and those whose rows never change
WRITTEN_BY_FUNCTIONS = (
    "quota_balances",
    "quota_holds",
    "quota_transfers",
    "quota_links",
    "quota_link_heads",
    "quota_linked",
    "audit_entries",
    "audit_heads",
    "stamps",
    "stamp_events",
    "seals",
    "document_revisions",
    "log_leaves",
    "orders",
    "order_events",
    "order_payments",
)
ONLY_GROWING = (
    "quota_transfers",
    "quota_links",
    "audit_entries",
    "stamp_events",
    "seals",
    "serial_blocks",
    "document_revisions",
    "log_leaves",
    "order_events",
    "order_payments",
)


async def column_of(conn: Conn, table: str) -> str:
    name: str = await conn.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 2", table
    )
    return name


@pytest.mark.parametrize("table", WRITTEN_BY_FUNCTIONS)
async def test_the_application_writes_no_such_table(conn: Conn, signer_conn: Conn, table: str) -> None:
    column = await column_of(conn, table)
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"INSERT INTO {table} SELECT * FROM {table}",
    ):
        for role in (conn, signer_conn):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await role.execute(statement)


@pytest.mark.parametrize("table", ONLY_GROWING)
async def test_not_even_the_owner_changes_what_only_grows(owner_conn: Conn, table: str) -> None:
    column = await column_of(owner_conn, table)
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.PostgresError, match=r"only grows|cannot truncate a table referenced"):
            await owner_conn.execute(statement)


async def test_serial_blocks_are_taken_and_never_changed(conn: Conn) -> None:
    await conn.execute("INSERT INTO serial_blocks (block, shard, taken_by) VALUES (7, 1, 'w')")
    for statement in ("UPDATE serial_blocks SET shard = 2", "DELETE FROM serial_blocks"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)


async def test_the_inner_function_has_no_door_of_its_own(conn: Conn, desk: Desk) -> None:
    account = await desk.account(1)
    held = await desk.hold(account)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.fetch(
            "SELECT quota_end_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], 'release', 'used', ARRAY['x'])",
            account % 64,
            held.id,
            account,
        )


async def test_the_signer_moves_no_stamps(signer_conn: Conn, desk: Desk) -> None:
    account = await desk.account()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await signer_conn.fetch(
            "SELECT quota_allot_n($1, ARRAY[$2::uuid], ARRAY[$3::bigint], ARRAY[1::bigint], ARRAY['minted'], "
            "ARRAY['x'])",
            account % 64,
            fresh_id(account),
            account,
        )


async def test_every_function_is_closed_to_everybody(owner_conn: Conn) -> None:
    open_to_all = await owner_conn.fetch(
        """SELECT p.proname
             FROM pg_proc AS p
            WHERE p.pronamespace = 'public'::regnamespace
              AND (p.proacl IS NULL
                   OR EXISTS (SELECT 1 FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0))"""
    )
    assert [row["proname"] for row in open_to_all] == []


async def test_a_function_with_its_owners_rights_looks_nowhere_else(owner_conn: Conn) -> None:
    """A search path of its own: no table of a caller's making stands in for ours."""
    loose = await owner_conn.fetch(
        """SELECT p.proname
             FROM pg_proc AS p
            WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
              AND NOT coalesce('search_path=public, pg_temp' = ANY(p.proconfig), false)"""
    )
    assert [row["proname"] for row in loose] == []
