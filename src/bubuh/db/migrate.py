"""Migrations: numbered plain SQL, each applied once, in order, whole or not at all; forward only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

import asyncpg

from bubuh.db.split import split

Phase = Literal["pre", "post"]  #: pre: the old code still runs beside it; post: it no longer does

_NAME: Final = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_(?P<name>[a-z0-9_]+)\.sql")
_LOCK: Final = 0x62756275680001  # "bubuh", 1: one migration run at a time on a server's database
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number integer PRIMARY KEY,
        phase text NOT NULL,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class MigrationRefused(Exception):
    """The database and the code do not fit together; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file."""

    number: int
    phase: Phase
    name: str
    sql: str

    @property
    def title(self) -> str:
        """The file's name without its ending."""
        return f"{self.number:04}_{self.phase}_{self.name}"

    @property
    def sha256(self) -> str:
        """What an applied migration must never change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def _read(file_name: str, sql: str) -> Migration:
    found = _NAME.fullmatch(file_name)
    assert found is not None, f"{file_name}: a migration is named NNNN_(pre|post)_name.sql"
    phase: Phase = "pre" if found["phase"] == "pre" else "post"
    return Migration(number=int(found["number"]), phase=phase, name=found["name"], sql=sql)


def load_migrations() -> tuple[Migration, ...]:
    """Every migration of this code, in order; numbers count from 1 without gaps."""
    folder = resources.files("bubuh.db.migrations")
    found = sorted(
        (
            _read(entry.name, entry.read_text(encoding="utf-8"))
            for entry in folder.iterdir()
            if entry.name.endswith(".sql")
        ),
        key=lambda migration: migration.number,
    )
    assert [migration.number for migration in found] == list(range(1, len(found) + 1)), (
        "a gap or a double number"
    )
    return tuple(found)


MIGRATIONS: Final = load_migrations()  # read before any process gives up its rights to the folder


async def migrate(
    conn: asyncpg.Connection,
    *,
    migrations: Sequence[Migration] = MIGRATIONS,
    only_pre: bool = False,
) -> list[str]:
    """Apply what is missing; answers the titles of what was applied now.

    `conn` is the owner's, outside a transaction, with session state (no pooler between). `only_pre` stops
    before the first `post`: run it before the new code, the rest after the old code is gone. Two runs at
    once wait for each other. A crash leaves whole migrations only.

    Raises:
        MigrationRefused: an applied file was changed, or the database is newer than this code.
    """
    await conn.execute("SET lock_timeout = 0")
    await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await conn.execute("RESET lock_timeout")
        await conn.execute(_TABLE)
        pending = await _pending(conn, migrations)
        if only_pre:
            posts = [place for place, migration in enumerate(pending) if migration.phase == "post"]
            pending = pending[: posts[0]] if posts else pending
        for migration in pending:
            await _apply(conn, migration)
    finally:
        if not conn.is_closed():
            await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return [migration.title for migration in pending]


async def _pending(conn: asyncpg.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """What is not applied yet; raises `MigrationRefused` when what is applied is not ours."""
    applied = await conn.fetch("SELECT number, phase, name, sha256 FROM schema_migrations ORDER BY number")
    known = {migration.number: migration for migration in migrations}
    for row in applied:
        title = f"{row['number']:04}_{row['phase']}_{row['name']}"
        ours = known.get(row["number"])
        if ours is None:
            raise MigrationRefused(f"the database is newer than this code: it has {title}")
        if (ours.title, ours.sha256) != (title, row["sha256"]):
            raise MigrationRefused(
                f"{ours.title} is not the {title} that was applied: write a new one instead"
            )
    last = max((row["number"] for row in applied), default=0)
    return [migration for migration in migrations if migration.number > last]


async def _apply(conn: asyncpg.Connection, migration: Migration) -> None:
    async with conn.transaction():
        for statement in split(migration.sql):
            await conn.execute(statement)
        await conn.execute(
            "INSERT INTO schema_migrations (number, phase, name, sha256) VALUES ($1, $2, $3, $4)",
            migration.number,
            migration.phase,
            migration.name,
            migration.sha256,
        )
