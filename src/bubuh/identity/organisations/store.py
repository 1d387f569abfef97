"""The statements about organisations, one typed function each. Reference tables: no shard is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import load_queries
from bubuh.identity.organisations.model import (
    INVITATION_TRIES,
    INVITATION_VALID_S,
    MOST_INVITATIONS,
    Invitation,
    Invited,
    Member,
    MemberRole,
)

SQL = load_queries("bubuh.identity.organisations")

Where: TypeAlias = Conn | Database


async def lock_organisation(conn: Conn, account_id: AccountId) -> str | None:
    """Have all else who change who is in it wait; its name, None for a person's own account or none."""
    row = await conn.fetchrow(SQL.lock_organisation.sql, account_id)
    return None if row is None else row["name"]


async def add_organisation(conn: Conn, account_id: AccountId, *, name: str) -> bool:
    """Write an organisation's account. False: it stands."""
    return await conn.fetchrow(SQL.add_organisation.sql, account_id, name) is not None


async def add_member(conn: Conn, *, user_id: UUID, account_id: AccountId, role: MemberRole) -> bool:
    """Let the user act for the account. False: they may already."""
    return await conn.fetchrow(SQL.add_member.sql, user_id, account_id, str(role)) is not None


async def count_accounts(conn: Conn, user_id: UUID) -> int:
    """How many accounts the user is in."""
    return int(await conn.fetchval(SQL.count_accounts.sql, user_id))


async def count_people(conn: Conn, account_id: AccountId) -> tuple[int, int]:
    """How many are in the account, and how many of these administer it."""
    row = await conn.fetchrow(SQL.count_people.sql, account_id)
    assert row is not None, "a count is a row"
    return row["members"], row["administrators"]


async def has_owner_who_signs_in(conn: Conn, account_id: AccountId) -> bool:
    """Whether an administrator of the account has a password."""
    return bool(await conn.fetchval(SQL.has_owner_who_signs_in.sql, account_id))


async def count_invitations(conn: Conn, account_id: AccountId) -> int:
    """How many invitations are open."""
    return int(await conn.fetchval(SQL.count_invitations.sql, account_id))


async def list_organisations(conn: Conn, user_id: UUID) -> list[AccountId]:
    """The accounts the user is in beside their own, by number."""
    return [AccountId(row["account_id"]) for row in await conn.fetch(SQL.list_organisations.sql, user_id)]


async def list_members(where: Where, account_id: AccountId, *, after: UUID | None, most: int) -> list[Member]:
    """Who is in the account, in the order in which they came, from behind `after`."""
    return [_member(dict(row)) for row in await where.fetch(SQL.list_members.sql, account_id, after, most)]


async def find_member(where: Where, account_id: AccountId, user_id: UUID) -> Member | None:
    """The member; None for who is not in the account, and in a person's own."""
    row = await where.fetchrow(SQL.find_member.sql, account_id, user_id)
    return None if row is None else _member(dict(row))


async def set_role(conn: Conn, account_id: AccountId, user_id: UUID, role: MemberRole) -> None:
    """Let the member do more, or less."""
    await conn.execute(SQL.set_role.sql, account_id, user_id, str(role))


async def drop_member(conn: Conn, account_id: AccountId, user_id: UUID) -> int:
    """Take membership, sessions and keys from the user; how many keys there were."""
    await conn.execute(SQL.drop_member.sql, account_id, user_id)
    await conn.execute(SQL.drop_sessions.sql, account_id, user_id)
    return len(await conn.fetch(SQL.drop_keys.sql, account_id, user_id))


async def add_invitation(
    conn: Conn,
    *,
    invitation_id: UUID,
    account_id: AccountId,
    no: str,
    code_mac: bytes,
    role: MemberRole,
    address_sealed: bytes | None,
    invited_by: UUID,
) -> bool:
    """Write an invitation. False: it stands."""
    args = (invitation_id, account_id, no, code_mac, str(role), address_sealed, invited_by)
    row = await conn.fetchrow(SQL.add_invitation.sql, *args, INVITATION_TRIES, INVITATION_VALID_S)
    return row is not None


async def list_invitations(where: Where, account_id: AccountId) -> list[Invitation]:
    """The open ones, the newest first."""
    rows = await where.fetch(SQL.list_invitations.sql, account_id, MOST_INVITATIONS)
    return [Invitation(**{**row, "role": MemberRole(row["role"])}) for row in rows]


async def withdraw(conn: Conn, account_id: AccountId, invitation_id: UUID) -> bool:
    """End an invitation. False: the account has no such open one."""
    return await conn.fetchrow(SQL.withdraw.sql, account_id, invitation_id) is not None


async def withdraw_of(conn: Conn, account_id: AccountId, user_id: UUID) -> None:
    """End what the user has invited to."""
    await conn.execute(SQL.withdraw_of.sql, account_id, user_id)


async def try_code(db: Database, no: str, code_mac: bytes) -> AccountId | None:
    """Try a code, counted where it is wrong: the account it leads to, None for none."""
    rows = await db.fetch(SQL.try_code.sql, no, code_mac)
    return next((AccountId(row["account_id"]) for row in rows if row["is_right"]), None)


async def find_open(where: Where, code_mac: bytes) -> Invited | None:
    """What the code leads to, as long as it is open."""
    row = await where.fetchrow(SQL.find_open.sql, code_mac)
    return None if row is None else _invited(dict(row))


async def accept(
    conn: Conn, account_id: AccountId, code_mac: bytes, user_id: UUID
) -> tuple[UUID, MemberRole] | None:
    """Use the code up; the invitation and its role, None when it ended meanwhile."""
    row = await conn.fetchrow(SQL.accept.sql, account_id, code_mac, user_id)
    return None if row is None else (row["id"], MemberRole(row["role"]))


async def find_accepted(where: Where, code_mac: bytes, user_id: UUID) -> Invited | None:
    """What the user joined by the code, and is in still."""
    row = await where.fetchrow(SQL.find_accepted.sql, code_mac, user_id)
    return None if row is None else _invited(dict(row))


async def rename(conn: Conn, account_id: AccountId, *, name: str) -> None:
    """Call the account otherwise."""
    await conn.execute(SQL.rename.sql, account_id, name)


async def sweep(db: Database) -> None:
    """Delete invitations whose time was over a month ago."""
    await db.execute(SQL.sweep.sql)


def _member(row: Mapping[str, Any]) -> Member:
    return Member(**{**row, "role": MemberRole(row["role"])})


def _invited(row: Mapping[str, Any]) -> Invited:
    return Invited(account_id=AccountId(row["account_id"]), name=row["name"], role=MemberRole(row["role"]))
