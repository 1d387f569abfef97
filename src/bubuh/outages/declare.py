"""Open an outage, say more of it, close it. Each word of it is audited, and asks for a signed record.

A word that stands already changes nothing: the outage is shown as it is. So what is not known to have been
written, or was kept in a file meanwhile, is said again by the same id.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE, show_id
from bubuh.db.pool import Conn
from bubuh.outages import store
from bubuh.outages.model import MOST_LETTERS, Function, Outage, Said, Word, record_of
from bubuh.outages.refusals import OutageOver, OutageTimesWrong, OutageUnexplained, OutageUnknown
from bubuh.statements.model import Kind, Statement, to_bytes
from bubuh.statements.store import want


async def open_outage(
    conn: Conn,
    *,
    functions: Collection[Function],
    began_at: datetime | None,
    word: Word,
    actor: str,
    issuer: str,
) -> Outage:
    """Declare that `functions` (one at least) fail since `began_at`, or since it was said; in a transaction.

    Raises:
        OutageUnexplained, OutageTimesWrong.
    """
    assert functions, "an outage is of something"
    if (standing := await _standing(conn, word)) is not None:
        return standing
    at = await _said_at(conn, word)
    check_said(word.said, at)
    since = at if began_at is None else began_at
    if since > at:
        raise OutageTimesWrong(which="began_at")
    await store.insert_outage(conn, word.id, functions=functions, began_at=since)
    await store.say(conn, word.id, 1, word, actor=actor, written_at=at)
    return await _stated(conn, word.id, word, act="outage.open", actor=actor, issuer=issuer)


async def update_outage(conn: Conn, outage_id: UUID, *, word: Word, actor: str, issuer: str) -> Outage:
    """Say more of an open outage; in a transaction.

    Raises:
        OutageUnknown, OutageOver, OutageUnexplained, OutageTimesWrong.
    """
    if (standing := await _standing(conn, word)) is not None:
        return standing
    outage = await _open_one(conn, outage_id)
    at = await _said_at(conn, word)
    check_said(word.said, at)
    await store.say(conn, outage_id, len(outage.updates) + 1, word, actor=actor, written_at=at)
    return await _stated(conn, outage_id, word, act="outage.update", actor=actor, issuer=issuer)


async def close_outage(
    conn: Conn, outage_id: UUID, *, ended_at: datetime | None, word: Word, actor: str, issuer: str
) -> Outage:
    """Say that an outage was over at `ended_at`, or when that was said; in a transaction. Its last word.

    Raises:
        OutageUnknown, OutageOver, OutageUnexplained, OutageTimesWrong.
    """
    if (standing := await _standing(conn, word)) is not None:
        return standing
    outage = await _open_one(conn, outage_id)
    at = await _said_at(conn, word)
    check_said(word.said, at)
    end = at if ended_at is None else ended_at
    if not outage.began_at < end <= at:
        raise OutageTimesWrong(which="ended_at")
    await store.close(conn, outage_id, ended_at=end)
    await store.say(conn, outage_id, len(outage.updates) + 1, word, actor=actor, written_at=at)
    return await _stated(conn, outage_id, word, act="outage.close", actor=actor, issuer=issuer)


def check_said(said: Said, at: datetime) -> None:
    """See that it can be said at that time; raises `OutageUnexplained`, `OutageTimesWrong`."""
    if not all(1 <= len(text.strip()) <= MOST_LETTERS for text in (said.indonesian, said.english)):
        raise OutageUnexplained
    if said.next_update_at is not None and said.next_update_at <= at:
        raise OutageTimesWrong(which="next_update_at")


async def _standing(conn: Conn, word: Word) -> Outage | None:
    """The outage of a word that stands already."""
    outage_id = await store.find_word(conn, word.id)
    return None if outage_id is None else await store.lock_outage(conn, outage_id)


async def _said_at(conn: Conn, word: Word) -> datetime:
    """The database's time; of a word that was kept its own, which a fast clock moves to that at most."""
    now = await store.present(conn)
    return now if word.said_at is None else min(word.said_at, now)


async def _open_one(conn: Conn, outage_id: UUID) -> Outage:
    outage = await store.lock_outage(conn, outage_id)
    if outage is None:
        raise OutageUnknown
    if outage.is_over:
        raise OutageOver
    return outage


async def _stated(conn: Conn, outage_id: UUID, word: Word, *, act: str, actor: str, issuer: str) -> Outage:
    """The outage as it stands, its record wanted and the act audited."""
    outage = await store.lock_outage(conn, outage_id)
    assert outage is not None, "it was written a line before"
    stated = record_of(outage, issuer=issuer)
    await want(
        conn,
        Statement(kind=Kind.OUTAGE, subject=outage_id, no=stated.no, facts=to_bytes(stated)),
    )
    facts: dict[str, object] = {
        "outage": show_id("out", outage_id),
        "no": stated.no,
        "functions": stated.functions,
    }
    if word.said_at is not None:  # kept in a file until the database was back
        facts["said_at"] = word.said_at.isoformat()
    await record(conn, account_id=THE_SERVICE, act=act, actor=actor, facts=facts)
    return outage
