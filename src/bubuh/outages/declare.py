"""Open an outage, say more of it, close it. Each word of it is audited, and asks for a signed record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE, fresh_id, show_id
from bubuh.db.pool import Conn
from bubuh.outages import store
from bubuh.outages.model import MOST_LETTERS, Function, Outage, Said, record_of
from bubuh.outages.refusals import OutageOver, OutageTimesWrong, OutageUnexplained, OutageUnknown
from bubuh.statements.model import Kind, Statement, to_bytes
from bubuh.statements.store import want


async def open_outage(
    conn: Conn,
    *,
    functions: Collection[Function],
    began_at: datetime | None,
    said: Said,
    actor: str,
    issuer: str,
) -> Outage:
    """Declare that `functions` (one at least) fail since `began_at`, or since now; in a transaction.

    Raises:
        OutageUnexplained, OutageTimesWrong.
    """
    assert functions, "an outage is of something"
    now = await store.present(conn)
    _check(said, now)
    since = now if began_at is None else began_at
    if since > now:
        raise OutageTimesWrong(which="began_at")
    outage_id = fresh_id(THE_SERVICE)
    await store.insert_outage(conn, outage_id, functions=functions, began_at=since)
    await store.say(conn, outage_id, 1, said, actor=actor)
    return await _stated(conn, outage_id, act="outage.open", actor=actor, issuer=issuer)


async def update_outage(conn: Conn, outage_id: UUID, *, said: Said, actor: str, issuer: str) -> Outage:
    """Say more of an open outage; in a transaction.

    Raises:
        OutageUnknown, OutageOver, OutageUnexplained, OutageTimesWrong.
    """
    outage = await _open_one(conn, outage_id)
    _check(said, await store.present(conn))
    await store.say(conn, outage_id, len(outage.updates) + 1, said, actor=actor)
    return await _stated(conn, outage_id, act="outage.update", actor=actor, issuer=issuer)


async def close_outage(
    conn: Conn, outage_id: UUID, *, ended_at: datetime | None, said: Said, actor: str, issuer: str
) -> Outage:
    """Say that an outage was over at `ended_at`, or now; in a transaction. The last word of it.

    Raises:
        OutageUnknown, OutageOver, OutageUnexplained, OutageTimesWrong.
    """
    outage = await _open_one(conn, outage_id)
    now = await store.present(conn)
    _check(said, now)
    end = now if ended_at is None else ended_at
    if not outage.began_at < end <= now:
        raise OutageTimesWrong(which="ended_at")
    await store.close(conn, outage_id, ended_at=end)
    await store.say(conn, outage_id, len(outage.updates) + 1, said, actor=actor)
    return await _stated(conn, outage_id, act="outage.close", actor=actor, issuer=issuer)


async def _open_one(conn: Conn, outage_id: UUID) -> Outage:
    outage = await store.lock_outage(conn, outage_id)
    if outage is None:
        raise OutageUnknown
    if outage.is_over:
        raise OutageOver
    return outage


def _check(said: Said, now: datetime) -> None:
    if not all(1 <= len(text.strip()) <= MOST_LETTERS for text in (said.indonesian, said.english)):
        raise OutageUnexplained
    if said.next_update_at is not None and said.next_update_at <= now:
        raise OutageTimesWrong(which="next_update_at")


async def _stated(conn: Conn, outage_id: UUID, *, act: str, actor: str, issuer: str) -> Outage:
    """The outage as it stands, its record wanted and the act audited."""
    outage = await store.lock_outage(conn, outage_id)
    assert outage is not None, "it was written a line before"
    stated = record_of(outage, issuer=issuer)
    await want(
        conn,
        Statement(kind=Kind.OUTAGE, subject=outage_id, no=stated.no, facts=to_bytes(stated)),
    )
    facts = {"outage": show_id("out", outage_id), "no": stated.no, "functions": stated.functions}
    await record(conn, account_id=THE_SERVICE, act=act, actor=actor, facts=facts)
    return outage
