"""Statements' rows, one typed function a statement."""

from __future__ import annotations

from uuid import UUID

from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.statements.model import Kind, SignedStatement, Statement

SQL = load_queries("bubuh.statements")


async def want(conn: Conn, statement: Statement) -> None:
    """Have `statement` signed once the transaction that this is in has committed."""
    await conn.execute(SQL.want.sql, str(statement.kind), statement.subject, statement.no, statement.facts)


async def want_once(conn: Conn, statement: Statement) -> None:
    """The same, unless somebody has wanted this number of its subject meanwhile: theirs stands."""
    await conn.execute(
        SQL.want_once.sql, str(statement.kind), statement.subject, statement.no, statement.facts
    )


async def newest(where: Conn | Database, kind: Kind, subject: UUID) -> Statement | None:
    """The newest statement of a subject, signed or not."""
    row = await where.fetchrow(SQL.newest.sql, str(kind), subject)
    return None if row is None else _statement(row)


async def list_unsigned(db: Database, *, at_most: int) -> list[Statement]:
    """Statements that wait for their signature, the longest first."""
    return [_statement(row) for row in await db.fetch(SQL.list_unsigned.sql, at_most)]


async def keep_signature(db: Database, statement: Statement, *, key_id: str, signature: bytes) -> bool:
    """Keep the signature; false where one stands already."""
    key = (str(statement.kind), statement.subject, statement.no)
    kept: bool = await db.fetchval(SQL.sign.sql, *key, key_id, signature)
    return kept


async def refuse(db: Database, statement: Statement) -> bool:
    """Leave `statement` unsigned for good; false where it was signed or refused before."""
    key = (str(statement.kind), statement.subject, statement.no)
    refused: bool = await db.fetchval(SQL.refuse.sql, *key)
    return refused


async def newest_signed(where: Conn | Database, kind: Kind, subject: UUID) -> SignedStatement | None:
    """The newest signed statement of a subject."""
    row = await where.fetchrow(SQL.newest_signed.sql, str(kind), subject)
    if row is None:
        return None
    return SignedStatement(
        statement=_statement(row),
        key_id=row["key_id"],
        signature=row["signature"],
        signed_at=row["signed_at"],
    )


def _statement(row: Row) -> Statement:
    return Statement(kind=Kind(row["kind"]), subject=row["subject"], no=row["no"], facts=row["facts"])
