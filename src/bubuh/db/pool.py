"""Connections to PostgreSQL: few, checked, and made anew when the server comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeAlias

import asyncpg
import msgspec

from bubuh.core.errors import DatabaseUnavailable, Fault
from bubuh.db.errors import connecting, talking
from bubuh.db.lender import Lender, Lent

Conn: TypeAlias = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row: TypeAlias = asyncpg.Record

_ASK_AGAIN_S: Final = 0.1  #: between two tries at a server that is not there yet
_DURABLE: Final = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply"},  # "local" and "remote_write" lose commits in a failover
    "wal_level": {
        "replica",
        "logical",
    },  # "minimal" leaves bulk changes out of what a standby or backup replays
}


class NotDurable(Fault):
    """The server may lose what it has acknowledged, so it is not used."""

    code = "database_not_durable"


class RoleTooStrong(Fault):
    """The role may do anything: what it must never do would rest on our code alone."""

    code = "database_role_too_strong"


class Database:
    """A fixed pool of connections. Every failure to reach the server is a `DatabaseUnavailable`."""

    def __init__(self, lender: Lender) -> None:
        """Use `open`."""
        self._lender = lender

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 4,
        role_checks: bool = True,
        acquire_timeout_s: float = 5.0,
        command_timeout_s: float = 60.0,
        patience_s: float = 0.0,
    ) -> Self:
        """A pool of at most `size` connections; the first is made and checked now, the others when wanted.

        A server that does not answer is asked again for `patience_s`: it may be starting as we are.

        Raises:
            NotDurable: a setting of the server or role would lose acknowledged writes.
            RoleTooStrong: the role is a superuser (not asked with `role_checks=False`).
            DatabaseUnavailable: nobody answers.
        """

        async def init(conn: asyncpg.Connection) -> None:
            await prepare_connection(conn, role_checks=role_checks)

        with connecting():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=0,
                max_size=size,
                max_inactive_connection_lifetime=0,  # what is made stays, so a surge finds it warm
                init=init,
                reset=_keep_session,
                timeout=acquire_timeout_s,
                command_timeout=command_timeout_s,
            )
        opened = cls(Lender(pool, size=size, timeout_s=acquire_timeout_s))
        try:
            await opened._until_answered(patience_s)
        except BaseException:
            pool.terminate()
            raise
        return opened

    async def _until_answered(self, patience_s: float) -> None:
        give_up = time.monotonic() + patience_s
        while True:
            try:
                await self.fetchval("SELECT 1")
            except DatabaseUnavailable:
                if time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(_ASK_AGAIN_S)
            else:
                return

    async def close(self, *, timeout_s: float = 5.0) -> None:
        """Wait for connections in use, at most `timeout_s`, then cut them."""
        await self._lender.close(timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        """One connection, each statement its own commit. Leave no session settings behind."""
        conn = await self._lender.take()
        try:
            with talking(conn):
                yield conn
        except BaseException:
            await self._lender.drop(conn)
            raise
        await self._lender.give_back(conn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.connection() as conn:
            with talking(conn):
                async with conn.transaction():
                    yield conn

    async def fetch(self, sql: str, *args: object) -> list[Row]:
        """All rows of one statement, committed before they are answered."""
        conn = await self._lender.take()
        try:
            rows = await conn.fetch(sql, *args)
        except BaseException as error:
            await self._failed(conn, error)
            raise
        await self._lender.give_back(conn)
        return rows

    async def fetchmany(self, sql: str, args: Sequence[Sequence[object]]) -> list[Row]:
        """All rows of one statement for each of `args` in turn: one commit, and one way there and back."""
        async with self.connection() as conn:
            return await conn.fetchmany(sql, args)

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        """The first row of one statement, or None."""
        conn = await self._lender.take()
        try:
            row = await conn.fetchrow(sql, *args)
        except BaseException as error:
            await self._failed(conn, error)
            raise
        await self._lender.give_back(conn)
        return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        """The first value of the first row, or None."""
        row = await self.fetchrow(sql, *args)
        return None if row is None else row[0]

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement; answers its tag, such as `UPDATE 1`."""
        async with self.connection() as conn:
            return await conn.execute(sql, *args)

    async def _failed(self, conn: Lent, error: BaseException) -> None:
        """Drop `conn`, on which a statement raised `error`, and raise what that means to our callers."""
        try:
            with talking(conn):
                raise error
        finally:
            await self._lender.drop(conn)


async def connect(dsn: str, *, role_checks: bool = True, timeout_s: float = 5.0) -> asyncpg.Connection:
    """One checked connection outside any pool; the caller closes it. Raises as `Database.open` does."""
    with connecting():
        conn = await asyncpg.connect(dsn, timeout=timeout_s)
        try:
            await prepare_connection(conn, role_checks=role_checks)
        except BaseException:
            conn.terminate()
            raise
    return conn


async def prepare_connection(conn: asyncpg.Connection, *, role_checks: bool) -> None:
    """Check the server behind a new connection and teach it JSON; raises `NotDurable`, `RoleTooStrong`."""
    await _assert_durable(conn)
    if role_checks and await conn.fetchval("SELECT current_setting('is_superuser')") == "on":
        raise RoleTooStrong(f"the role {await conn.fetchval('SELECT current_user')} is a superuser")
    for name in ("json", "jsonb"):
        await conn.set_type_codec(
            name, schema="pg_catalog", encoder=_encode, decoder=msgspec.json.decode, format="text"
        )


async def _assert_durable(conn: asyncpg.Connection) -> None:
    row = await conn.fetchrow(
        "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in _DURABLE)
    )
    assert row is not None
    if wrong := [f"{name} = {row[name]}" for name, right in _DURABLE.items() if row[name] not in right]:
        raise NotDurable(f"PostgreSQL may lose acknowledged writes: {', '.join(wrong)}")


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _keep_session(conn: asyncpg.Connection) -> None:
    """In place of the driver's reset, a round trip a release: we leave no session settings behind."""
    del conn
