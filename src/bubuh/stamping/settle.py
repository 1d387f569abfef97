"""After S6: add to a stamp's revision what its level beyond B-B wants, or give it up; never on the hot path.

One row decides, and `settled` is final (ADR-0012). A token is kept in that row before any byte that has it is
given to anyone, so a crash after any line leaves a row that says how to go on; the bytes of a revision are
worked out from its row each time they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from prometheus_client import Counter

from bubuh.core.errors import DatabaseUnavailable, Fault, Refusal
from bubuh.core.ids import AccountId
from bubuh.db.doorbell import ring
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import Objects
from bubuh.documents.revisions import create_dss, open_revision, read_ground, read_increment
from bubuh.pdf.model import Evidence, Level
from bubuh.pdf.seal.room import filled, with_time_stamp
from bubuh.sandbox import Sandbox
from bubuh.stamping import level_store
from bubuh.stamping.bells import SETTLED
from bubuh.stamping.model import PendingLevel
from bubuh.stamping.ports import TimestampAuthority

_log = structlog.get_logger(__name__)
_SETTLED = Counter("bubuh_stamp_levels", "Levels settled beyond B-B, or given up", ["how"])

TRY_AGAIN_S = 2.0
NO_AUTHORITY = "no_authority"  #: an intent wanted more than the service now has


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What levels are settled with."""

    db: Database
    sandbox: Sandbox
    objects: Objects
    store_key: StoreKey
    authority: TimestampAuthority | None
    evidence: Callable[
        [str], Evidence
    ]  #: for the seals of a key: certificates and revocation lists, as of now
    wait_s: float  #: after so long what has not come is given up


async def with_time(cms: bytes, signature: bytes, authority: TimestampAuthority) -> bytes:
    """The seal `cms`, whose value is `signature`, with a time-stamp, for whoever gets it in the same breath.

    Its room must have been reserved (`TIME_STAMP_ROOM_BYTES`).

    Raises:
        TimeStampFailed: there is none to believe now.
    """
    return with_time_stamp(cms, await authority.stamp(signature))


async def settle(account_id: AccountId, stamp_id: UUID, by: Witness) -> None:
    """Settle the stamp's level, or leave it pending for another attempt; settled before is well too.

    Raises:
        DatabaseUnavailable: whatever was kept is kept; the next attempt goes on from there.
    """
    level = await level_store.find_pending_level(by.db, account_id, stamp_id, wait_s=by.wait_s)
    if level is None:
        return
    if level.is_late:
        await _give_up(level, level.reason or "late", by)
        return
    try:
        await _reach(level, by)
    except DatabaseUnavailable:
        raise
    except Fault as fault:
        why = getattr(fault, "why", fault.code)
        _log.warning("level_waits", stamp=str(stamp_id), why=why)
        await level_store.wait_with_level(by.db, level, reason=why, wait_s=TRY_AGAIN_S)
    except Refusal as refusal:  # the document is destroyed, or cannot bear a DSS
        await _give_up(level, refusal.code, by)


async def _reach(level: PendingLevel, by: Witness) -> None:
    """What is missing, step by step."""
    token = level.token
    if token is None:
        if by.authority is None:
            await _give_up(level, NO_AUTHORITY, by)
            return
        token = await by.authority.stamp(level.signature)
        if not await _keep_token(level, token, by):
            return  # another's came first: who leases the row next goes on from it
    if level.wanted is Level.B_LT:
        await _append_dss(level, token, by)
    await _ring(level, by)


async def _keep_token(level: PendingLevel, token: bytes, by: Witness) -> bool:
    """Keep the token, with the hash of the document that has it."""
    account_id, document_id = level.account_id, level.document_id
    ground, _document = await read_ground(
        account_id, document_id, level.no - 1, db=by.db, objects=by.objects, store_key=by.store_key
    )
    increment = await read_increment(
        account_id, document_id, level.no, db=by.db, objects=by.objects, store_key=by.store_key
    )
    sha256 = ground.sha256(filled(increment.data, level.gap_at, token))
    kept = await level_store.keep_token(by.db, level, token, sha256=sha256, size_bytes=increment.size_bytes)
    if kept:
        _SETTLED.labels(Level.B_T).inc()
    return kept


async def _append_dss(level: PendingLevel, token: bytes, by: Witness) -> None:
    """Store the DSS, then say so in the row."""
    document = await _read(level, by)
    planned = await by.sandbox.append_dss(document, by.evidence(level.key_id).with_token(token))
    object_key, dss = await create_dss(
        level.account_id,
        level.document_id,
        level.no,
        planned,
        db=by.db,
        objects=by.objects,
        store_key=by.store_key,
    )
    digest = hashlib.sha256(document + dss).digest()
    size = len(document) + len(dss)
    if await level_store.keep_dss(
        by.db, level, object_key=object_key, dss_bytes=len(dss), sha256=digest, size_bytes=size
    ):
        _SETTLED.labels(Level.B_LT).inc()


async def _read(level: PendingLevel, by: Witness) -> bytes:
    """The whole revision as its rows now have it."""
    opened = await open_revision(
        level.account_id,
        level.document_id,
        level.no,
        db=by.db,
        objects=by.objects,
        store_key=by.store_key,
    )
    return await opened.read()


async def _give_up(level: PendingLevel, reason: str, by: Witness) -> None:
    if await level_store.give_up_level(by.db, level.account_id, level.stamp_id, reason=reason):
        _SETTLED.labels("given_up").inc()
        _log.warning("level_given_up", stamp=str(level.stamp_id), wanted=level.wanted, why=reason)
    await _ring(level, by)


async def _ring(level: PendingLevel, by: Witness) -> None:
    await ring(by.db, SETTLED, str(level.stamp_id))
