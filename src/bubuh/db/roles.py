"""The three roles of the database, and what each connection of theirs may do to others' time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

OWNER: Final = "bubuh_owner"  #: owns the database; migrations
APP: Final = "bubuh_app"  #: web, worker, command line
SIGNER: Final = "bubuh_signer"  #: reads intents, writes seals
ROLES: Final = (OWNER, APP, SIGNER)

_LIMITS: Final[Mapping[str, Mapping[str, str]]] = {
    OWNER: {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"},
    APP: {"statement_timeout": "10s", "lock_timeout": "4s", "idle_in_transaction_session_timeout": "10s"},
    SIGNER: {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"},
}


class RolesMissing(Exception):
    """The server lacks our roles, and we may not make them."""

    def __init__(self, missing: list[str]) -> None:
        statements = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in missing)
        super().__init__(f"let an administrator of the server run: {statements}")


async def ensure_roles(conn: asyncpg.Connection, passwords: Mapping[str, str] | None = None) -> None:
    """Every role is there with its time limits; one with a password here may log in with it.

    On somebody else's server (no passwords given) a role is made without the right to log in, and one
    that is there already is left as its administrator made it. Raises `RolesMissing`.
    """
    there = {row["rolname"] for row in await conn.fetch("SELECT rolname FROM pg_roles")}
    known = passwords or {}
    try:
        for role in ROLES:
            if role not in there:
                await conn.execute(f"CREATE ROLE {role} NOLOGIN")
            if role not in there or role in known:
                await _set_limits(conn, role)
            if role in known:
                await conn.execute(f"ALTER ROLE {role} LOGIN PASSWORD {_quoted(known[role])}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise RolesMissing([role for role in ROLES if role not in there]) from error


async def ensure_database(conn: asyncpg.Connection, name: str) -> None:
    """The database `name` exists, belongs to the owner, and lets in nobody but our roles."""
    if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await conn.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0")
    await conn.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    await conn.execute(f"GRANT CONNECT ON DATABASE {name} TO {APP}, {SIGNER}")


async def _set_limits(conn: asyncpg.Connection, role: str) -> None:
    for setting, value in {**_LIMITS[role], "timezone": "UTC"}.items():
        await conn.execute(f"ALTER ROLE {role} SET {setting} = {_quoted(value)}")


def _quoted(text: str) -> str:
    assert "\\" not in text
    return "'" + text.replace("'", "''") + "'"
