"""S2 to S6: one stamp from lease to affixed. A crash after any line leaves rows that say how to go on.

One rule for recovery: before a seal exists, resume or return; once a seal exists, only forward, with the same
serial number and identical bytes, because plan and signature both stand in rows (ADR-0009).
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import structlog
from prometheus_client import Counter

from bubuh.core.clock import Clock, utc_now
from bubuh.core.errors import Fault, Refusal
from bubuh.db.pool import Database
from bubuh.documents.find import key_of
from bubuh.documents.ground import Ground
from bubuh.documents.keys import StoreKey
from bubuh.documents.model import Document
from bubuh.documents.ports import ObjectDamaged, ObjectMissing, Objects
from bubuh.documents.revisions import create_increment, read_ground
from bubuh.pdf.model import Increment, Level, Tier
from bubuh.pdf.refusals import DocumentRefused
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import fits
from bubuh.pdf.seal.room import TIME_STAMP_ROOM_BYTES
from bubuh.sandbox import Sandbox
from bubuh.stamping import store
from bubuh.stamping.keyring import Keyring
from bubuh.stamping.model import Job, Lease, Planned, WrittenIntent
from bubuh.stamping.moves import ReturnReason
from bubuh.stamping.plans import open_plan, seal_plan
from bubuh.stamping.ports import Signer
from bubuh.stamping.refusals import LeaseLost, SealedMeanwhile, SealedStuck
from bubuh.stamping.serial import SerialKey
from bubuh.stamping.serials import SerialBlocks
from bubuh.stamping.steps import Steps

_log = structlog.get_logger(__name__)
_AFFIXED = Counter(
    "bubuh_stamps_affixed", "Stamps affixed, by the tier of the engine that planned them", ["tier"]
)

MOST_DEATHS = 3  #: a document over which so many workers died is poison
FILE_ID_BYTES = 16
READ_AT_ONCE = 8


class Ended(StrEnum):
    """How this worker left the stamp."""

    AFFIXED = "affixed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a worker affixes with."""

    db: Database
    sandbox: Sandbox
    objects: Objects
    store_key: StoreKey
    signer: Signer
    serial_key: SerialKey
    serials: SerialBlocks
    steps: Steps
    keyring: Callable[[], Keyring]  #: as it is now: keys come and go while the service runs
    public_url: str
    level: Level = Level.B_B  #: that new stamps are to reach; beyond B-B an authority is asked later
    clock: Clock = field(default=utc_now)
    #: documents in memory at a time: a worker holds many jobs, and a document may be large
    reading: asyncio.Semaphore = field(default_factory=partial(asyncio.Semaphore, READ_AT_ONCE))


async def affix(lease: Lease, shop: Workshop) -> Ended:
    """Affix one stamp, or return its quota with the reason.

    Raises:
        LeaseLost: the job is not ours any more; nothing of ours counts.
        Fault: something outside fails; the lease is kept or given back, and the job goes on later.
    """
    job = await shop.steps.find.submit(lease.shard, lease)
    if job is None:
        raise LeaseLost
    if job.deaths >= MOST_DEATHS and not job.sealed:
        return await _give_back(job, ReturnReason.WORKER_DIED, shop)
    written = job.written or await _write_intent(job, shop)
    try:
        async with shop.reading:
            ground, document = await _read_base(job, written, shop)
            increment, planned = await _planned(job, written, ground, document, shop)
    except (Refusal, ObjectMissing, ObjectDamaged) as error:
        return await _give_back(job, _reason(error), shop)
    if job.planned is None:
        await _keep_plan(job, increment, planned, shop)
    signature = await shop.signer.seal(lease)  # stored before it is answered: now only forward
    chain = shop.keyring().chain(written.key_id)
    if not fits(signature, signed_attributes(increment.digest, chain), chain):
        raise _stuck(job, "signature_over_something_else")
    sealed = increment.sealed(signed_data(increment.digest, signature, chain))
    ended = await _record(job, written, sealed, ground, document, shop, gap_at=len(increment.pre))
    _AFFIXED.labels(planned.tier).inc()
    return ended


async def _write_intent(job: Job, shop: Workshop) -> WrittenIntent:
    """Serial, base, time and file id: committed, so that every later attempt plans the same bytes."""
    now = shop.clock()
    key_id = shop.keyring().current(now).key_id
    base = job.base
    level = Level.B_T if base.content_unseen and shop.level is Level.B_LT else shop.level
    serial = await shop.serials.take(shop.db, job.lease.shard)
    written = WrittenIntent(
        serial=serial,
        serial_no=shop.serial_key.show(serial),
        base_revision=base.revision,
        base_sha256=base.sha256,
        signed_at=now.replace(microsecond=0),
        file_id=secrets.token_bytes(FILE_ID_BYTES),
        key_id=key_id,
        level=level,  # a DSS needs the document to be planned upon
        time_stamp_room=0 if level is Level.B_B else TIME_STAMP_ROOM_BYTES,
    )
    if not await shop.steps.intend.submit(job.lease.shard, store.NewIntent(lease=job.lease, written=written)):
        raise LeaseLost
    return written


async def _read_base(job: Job, written: WrittenIntent, shop: Workshop) -> tuple[Ground, Document]:
    """What the stamp is put upon, and the document that it is a revision of."""
    ground, document = await read_ground(
        job.lease.account_id,
        job.document_id,
        written.base_revision,
        db=shop.db,
        objects=shop.objects,
        store_key=shop.store_key,
    )
    assert hashlib.sha256(ground.data).digest() == written.base_sha256, "a revision never changes"
    return ground, document


async def _planned(
    job: Job, written: WrittenIntent, ground: Ground, document: Document, shop: Workshop
) -> tuple[Increment, Planned]:
    """The increment that an earlier attempt planned, or a new one, rehearsed."""
    key, stamp_id = key_of(document, shop.store_key), job.lease.stamp_id
    if job.planned is not None:
        return open_plan(job.planned.sealed, key, stamp_id, ground), job.planned
    unseen, chain = ground.content_unseen, shop.keyring().chain(written.key_id)
    intent = written.intent(job.place, public_url=shop.public_url, content_unseen=unseen)
    plan = shop.sandbox.plan_midstate if unseen else shop.sandbox.plan
    increment = await plan(ground.data, intent, chain)
    tier = increment.tier if document.base is None else Tier.T3
    return increment, Planned(sealed=seal_plan(increment, key, stamp_id), tier=tier)


async def _keep_plan(job: Job, increment: Increment, planned: Planned, shop: Workshop) -> None:
    """Before it is sealed: what is sealed is never planned again, by this release or another."""
    new = store.NewPlan(lease=job.lease, digest=increment.digest, planned=planned)
    if not await shop.steps.write_plan.submit(job.lease.shard, new):
        raise LeaseLost


async def _record(
    job: Job,
    written: WrittenIntent,
    sealed: bytes,
    ground: Ground,
    document: Document,
    shop: Workshop,
    *,
    gap_at: int,
) -> Ended:
    """S5 and S6: the object is on disk before the row says so."""
    key = await create_increment(
        document, written.base_revision + 1, sealed, objects=shop.objects, store_key=shop.store_key
    )
    finished = store.Finished(
        lease=job.lease,
        object_key=key,
        increment_bytes=len(sealed),
        sha256=ground.sha256(sealed),
        size_bytes=ground.size_bytes + len(sealed),
        gap_at=gap_at,
    )
    outcome = await shop.steps.affix.submit(job.lease.shard, finished)
    if outcome == "expired":
        raise LeaseLost
    assert outcome in {"done", "already_done"}, f"a sealed stamp is {outcome}"
    return Ended.AFFIXED


def _reason(error: Refusal | Fault) -> str:
    """Why a document cannot be stamped: its own reason, a face that does not fit, or bytes that are gone."""
    if isinstance(error, DocumentRefused):
        return str(error.reason)
    return error.code if isinstance(error, Refusal) else ReturnReason.ORIGINAL_LOST


async def _give_back(job: Job, reason: str, shop: Workshop) -> Ended:
    """Return the quota.

    Raises:
        LeaseLost: the fence no longer holds.
        SealedStuck: a seal stands, so the stamp can only go forward, and cannot.
        SealedMeanwhile: a seal stands since this attempt began; the next one goes forward.
    """
    lease = job.lease
    if job.sealed:
        raise _stuck(job, reason)
    wanted = store.WantedReturn(
        account_id=lease.account_id,
        stamp_id=lease.stamp_id,
        fence=lease.fence,
        reason=reason,
        actor="worker",
    )
    outcome = await shop.steps.give_back.submit(lease.shard, wanted)
    if outcome == "expired":
        raise LeaseLost
    if outcome == "sealed":
        raise SealedMeanwhile
    assert outcome in {"done", "already_done"}, f"a stamp without a seal is {outcome}"
    return Ended.RETURNED


def _stuck(job: Job, reason: str) -> SealedStuck:
    """The fault for a sealed stamp that cannot go forward, told to the operators."""
    _log.error("sealed_stuck", stamp=str(job.lease.stamp_id), reason=reason)
    return SealedStuck(reason)
