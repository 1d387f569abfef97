"""Identity's statements, one typed function each. Its tables are on every node: no shard is named."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import load_queries
from bubuh.identity.model import Account, AccountKind, Principal, Role, Scope

SQL = load_queries("bubuh.identity")


async def add_user(conn: Conn, *, user_id: UUID, name: str, roles: Collection[Role]) -> None:
    """Write a user."""
    await conn.execute(SQL.add_user.sql, user_id, name, sorted(roles))


async def add_account(conn: Conn, account: Account) -> None:
    """Write an account."""
    await conn.execute(SQL.add_account.sql, account.id, str(account.kind), account.name)


async def add_owner(conn: Conn, *, user_id: UUID, account_id: AccountId) -> None:
    """Write that a user owns an account."""
    await conn.execute(SQL.add_membership.sql, user_id, account_id, "owner")


async def find_account(conn: Conn, account_id: AccountId) -> Account | None:
    """The account, or None."""
    row = await conn.fetchrow(SQL.find_account.sql, account_id)
    if row is None:
        return None
    return Account(id=AccountId(row["id"]), kind=AccountKind(row["kind"]), name=row["name"])


async def is_member(conn: Conn, *, user_id: UUID, account_id: AccountId) -> bool:
    """Whether the user may act for the account."""
    return await conn.fetchrow(SQL.find_membership.sql, user_id, account_id) is not None


async def find_owner(conn: Conn, account_id: AccountId) -> UUID | None:
    """The account's first owner, or None when there is no such account."""
    row = await conn.fetchrow(SQL.find_owner.sql, account_id)
    return None if row is None else row["user_id"]


async def add_key(
    conn: Conn,
    *,
    key_id: UUID,
    secret_sha256: bytes,
    ending: str,
    account_id: AccountId,
    user_id: UUID,
    scopes: Collection[Scope],
) -> None:
    """Write a key by the hash of its secret; `ending` lets its owner tell keys apart."""
    await conn.execute(SQL.add_key.sql, key_id, secret_sha256, ending, account_id, user_id, sorted(scopes))


async def revoke_key(conn: Conn, *, key_id: UUID, account_id: AccountId) -> bool:
    """Close a key. False: it was closed before, or the account has no such key."""
    return await conn.fetchrow(SQL.revoke_key.sql, key_id, account_id) is not None


async def has_key(conn: Conn, *, key_id: UUID, account_id: AccountId) -> bool:
    """Whether the account has, or had, this key."""
    return await conn.fetchrow(SQL.find_key.sql, key_id, account_id) is not None


async def find_principal(db: Database, secret_sha256: bytes) -> Principal | None:
    """Who the secret with this hash speaks for now; None for nobody."""
    row = await db.fetchrow(SQL.find_principal.sql, secret_sha256)
    if row is None:
        return None
    return Principal(
        user_id=row["user_id"],
        account_id=AccountId(row["account_id"]),
        scopes=frozenset(map(Scope, row["scopes"])),
        roles=frozenset(map(Role, row["roles"])),
        slot=row["slot"],
    )
