"""Take the words that were kept while the database was away into it: each once, by its id, and audited."""

from __future__ import annotations

import structlog

from bubuh.core.errors import Refusal
from bubuh.db.pool import Conn, Database
from bubuh.identity.authenticate import principal_of_hash, require_operator
from bubuh.identity.model import LOCAL_OPERATOR, Environment
from bubuh.identity.refusals import KeyRefused
from bubuh.outages.declare import close_outage, open_outage, update_outage
from bubuh.outages.kept import Act, Kept, Shelf
from bubuh.outages.model import Outage

_log = structlog.get_logger(__name__)


async def take_in(db: Database, shelf: Shelf, *, environment: Environment, issuer: str) -> int:
    """Take in all that wait, in their order; how many were taken. Raises `DatabaseUnavailable`.

    A word is taken in one transaction, and its file goes afterwards: after a crash between the two it stands
    already, and only the file goes. What the rules refuse is put aside, loudly.
    """
    taken = 0
    for path, kept in shelf.words():
        try:
            actor = await _actor(db, kept, environment)
            async with db.transaction() as conn:
                await declare(conn, kept, actor=actor, issuer=issuer)
        except Refusal as refusal:
            shelf.refuse(path, why=refusal.code)
            continue
        path.unlink()
        taken += 1
        _log.info("outage_word_taken_in", act=str(kept.act), outage=str(kept.outage))
    return taken


async def declare(conn: Conn, kept: Kept, *, actor: str, issuer: str) -> Outage:
    """Do what a word does, in a transaction; raises as `open_outage`, `update_outage`, `close_outage`."""
    match kept.act:
        case Act.OPEN:
            return await open_outage(
                conn,
                functions=kept.functions,
                began_at=kept.began_at,
                word=kept.word,
                actor=actor,
                issuer=issuer,
            )
        case Act.UPDATE:
            return await update_outage(conn, kept.outage, word=kept.word, actor=actor, issuer=issuer)
        case Act.CLOSE:
            return await close_outage(
                conn, kept.outage, ended_at=kept.ended_at, word=kept.word, actor=actor, issuer=issuer
            )


async def _actor(db: Database, kept: Kept, environment: Environment) -> str:
    """Who said it; raises as `authenticate_operator` does."""
    if kept.bearer is not None:
        return require_operator(await principal_of_hash(db, bytes.fromhex(kept.bearer))).actor
    if environment is not Environment.TEST:
        raise KeyRefused
    return LOCAL_OPERATOR
