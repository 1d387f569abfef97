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
    "quota_signed_heads",
    "quota_shares",
    "quota_folds",
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
    "order_reversals",
    "payment_attempt_events",
    "payment_unmatched",
    "refund_events",
    "refunds",
)
ONLY_GROWING = (
    "quota_transfers",
    "quota_links",
    "quota_signed_heads",
    "quota_shares",
    "audit_entries",
    "complaint_events",
    "stamp_events",
    "seals",
    "serial_blocks",
    "document_revisions",
    "log_leaves",
    "order_events",
    "order_payments",
    "order_reversals",
    "outage_updates",
    "payment_attempt_events",
    "payment_notices",
    "refund_events",
    "service_facts",
)
#: all that the application may change in a row, once it stands; it never takes one away
#: what a person may have deleted, and what lapses; never what tells of money, stamps or acts
DELETED_BY_THE_APPLICATION = {
    *("challenges", "contacts", "credentials", "invitations", "memberships", "sessions", "turn_reminders"),
    *("shown_partners", "uploads", "webhook_deliveries", "webhook_events", "webhook_secrets", "webhooks"),
}
CHANGED_BY_THE_APPLICATION = {
    "accounts": {"name"},
    "api_keys": {"revoked_at"},
    "challenges": {"tries_left", "proved_at"},
    "complaints": {"state", "answer_sealed", "answered_at", "answered_by", "words_sealed"},
    "credentials": {
        *("user_id", "password_hash", "pin_hash", "pin_tries", "totp_sealed", "totp_step"),
        *("nik_sealed", "nik_index"),
    },
    "deadline_entries": {"turn", "code", "number"},
    "deadlines": {"closed_at"},
    "documents": {
        *("state", "kept_at", "pages", "boxes", "name_sealed", "key_sealed", "object_key", "reason", "flags"),
        *("base_object_key", "base_sha256", "base_size_bytes", "normalised_for"),
    },
    "invitations": {"tries_left", "ended_at", "accepted_by"},
    "lane_accounts": {"named_by", "named_at", "ended_at"},
    "lane_turns": {"turn", "code", "number", "taken_at"},
    "memberships": {"role"},
    "named_lanes": {"title", "floor", "ceiling", "weight", "closed_at"},
    "outbox_facts": {"facts", "attempts", "not_before", "told_at"},
    "outages": {"ended_at"},
    "payment_attempts": {"looked_at", "fault", "asked_at", "asks", "next_ask_at"},
    "refunds": {"fault"},
    "sessions": {"account_id", "seen_at"},
    "turn_reminders": {"number", "place", "language", "asked_at", "expires_at", "told_at"},
    "uploads": {"parts", "received_bytes"},
    "users": {"name"},
    "webhook_deliveries": {"attempts", "due_at"},
    "webhook_feeds": {"last_no"},
    "webhook_secrets": {"ends_at"},
    "webhooks": {"state", "off_at", "heard_at", "failed_at", "failure", "given_up"},
    "quota_breaches": {"expected", "found", "found_by", "found_at", "gone_at"},
    "quota_watch": {
        *("taken_at", "passed_at", "read_to", "patrolled_at", "patrol_after", "audit_no", "audit_hash"),
    },
}


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


async def test_every_table_that_only_grows_is_on_the_list(owner_conn: Conn) -> None:
    guarded = await owner_conn.fetch(
        "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname ~ '_ro$'"
    )
    assert {row["name"] for row in guarded} == set(ONLY_GROWING)


async def test_whoever_serves_changes_and_deletes_only_what_is_on_the_lists(owner_conn: Conn) -> None:
    columns = await owner_conn.fetch(
        """SELECT c.relname AS name, a.attname AS attribute
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
              AND has_column_privilege('bubuh_app', c.oid, a.attnum, 'UPDATE')"""
    )
    changed: dict[str, set[str]] = {}
    for row in columns:
        changed.setdefault(row["name"], set()).add(row["attribute"])
    assert changed == CHANGED_BY_THE_APPLICATION
    taken_away = await owner_conn.fetch(
        """SELECT role, c.relname AS name, action
             FROM pg_class AS c, unnest(ARRAY['bubuh_app', 'bubuh_signer']) AS role,
                  unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS action
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND has_table_privilege(role, c.oid, action)"""
    )
    assert {tuple(row) for row in taken_away} == {
        ("bubuh_app", name, "DELETE") for name in DELETED_BY_THE_APPLICATION
    }
    signers = await owner_conn.fetch(
        """SELECT c.relname
             FROM pg_class AS c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND (has_any_column_privilege('bubuh_signer', c.oid, 'UPDATE')
                   OR has_any_column_privilege('bubuh_signer', c.oid, 'INSERT'))"""
    )
    assert signers == []


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
