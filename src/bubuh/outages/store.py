"""Outages' rows, one typed function a statement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from uuid import UUID

from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.outages.model import Function, Outage, Said, Update, Word

SQL = load_queries("bubuh.outages")


async def present(conn: Conn) -> datetime:
    """The database's time."""
    now: datetime = await conn.fetchval(SQL.present.sql)
    return now


async def insert_outage(
    conn: Conn, outage_id: UUID, *, functions: Iterable[Function], began_at: datetime
) -> None:
    """Write an outage of which nothing is said yet."""
    await conn.execute(SQL.open.sql, outage_id, sorted(map(str, functions)), began_at)


async def find_word(conn: Conn, word_id: UUID) -> UUID | None:
    """The outage of which it was said; None: nobody has said it."""
    found: UUID | None = await conn.fetchval(SQL.find_word.sql, word_id)
    return found


async def say(conn: Conn, outage_id: UUID, no: int, word: Word, *, actor: str, written_at: datetime) -> None:
    """Write what is said of an outage."""
    said = word.said
    words = (said.indonesian, said.english, said.next_update_at)
    await conn.execute(SQL.say.sql, outage_id, no, word.id, *words, actor, written_at)


async def close(conn: Conn, outage_id: UUID, *, ended_at: datetime) -> None:
    """Write when an outage was over."""
    await conn.execute(SQL.close.sql, outage_id, ended_at)


async def lock_outage(conn: Conn, outage_id: UUID) -> Outage | None:
    """The outage, and nobody else's word on it until we commit."""
    await conn.fetchrow(SQL.lock.sql, outage_id)
    return next(iter(_outages(await conn.fetch(SQL.find.sql, outage_id))), None)


async def list_since(where: Conn | Database, since: datetime) -> list[Outage]:
    """Open outages, and those that began since then: the newest first."""
    return _outages(await where.fetch(SQL.list_since.sql, since))


def _outages(rows: Iterable[Row]) -> list[Outage]:
    return [_outage(list(its)) for _, its in groupby(rows, key=lambda row: row["id"])]


def _outage(rows: list[Row]) -> Outage:
    first = rows[0]
    return Outage(
        id=first["id"],
        functions=frozenset(map(Function, first["functions"])),
        began_at=first["began_at"],
        ended_at=first["ended_at"],
        updates=[_update(row) for row in rows],
    )


def _update(row: Row) -> Update:
    said = Said(indonesian=row["text_id"], english=row["text_en"], next_update_at=row["next_update_at"])
    return Update(no=row["no"], said=said, actor=row["actor"], written_at=row["written_at"])
