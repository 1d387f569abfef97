"""S2 to S6: one stamp from lease to affixed. A crash after any line leaves rows that say how to go on.

One rule for recovery: before a seal exists, resume or return; once a seal exists, only forward, with the same
serial number and identical bytes, because plan and signature are both reproducible from rows.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from bubuh.core.clock import Clock, utc_now
from bubuh.core.errors import Fault, Refusal
from bubuh.db.pool import Database
from bubuh.documents.keys import StoreKey
from bubuh.documents.ports import ObjectDamaged, ObjectMissing, Objects
from bubuh.documents.revisions import create_increment, read_revision
from bubuh.pdf.cms import signed_data
from bubuh.pdf.model import Chain, Increment
from bubuh.pdf.refusals import DocumentRefused
from bubuh.sandbox import Sandbox
from bubuh.stamping import store
from bubuh.stamping.model import Job, Lease, WrittenIntent
from bubuh.stamping.moves import ReturnReason
from bubuh.stamping.ports import Signer
from bubuh.stamping.refusals import LeaseLost, SealedMeanwhile, SealedStuck
from bubuh.stamping.serial import SerialKey
from bubuh.stamping.serials import SerialBlocks

_log = structlog.get_logger(__name__)

MOST_DEATHS = 3  #: a document over which so many workers died is poison
FILE_ID_BYTES = 16


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
    chains: Mapping[str, Chain]  #: by key id: all that may still be asked for
    key_id: str  #: of the key that new stamps are sealed with
    public_url: str
    clock: Clock = field(default=utc_now)


async def affix(lease: Lease, shop: Workshop) -> Ended:
    """Affix one stamp, or return its quota with the reason.

    Raises:
        LeaseLost: the job is not ours any more; nothing of ours counts.
        Fault: something outside fails; the lease is kept or given back, and the job goes on later.
    """
    job = await store.find_job(shop.db, lease)
    if job is None:
        raise LeaseLost
    if job.deaths >= MOST_DEATHS and not job.sealed:
        return await _give_back(job, ReturnReason.WORKER_DIED, shop)
    written = job.written or await _write_intent(job, shop)
    try:
        increment, base = await _plan(job, written, shop)
    except (Refusal, ObjectMissing, ObjectDamaged) as error:
        return await _give_back(job, _reason(error), shop)
    if not await store.write_digest(shop.db, lease, increment.digest):
        return await _give_back(job, ReturnReason.PLAN_CHANGED, shop)
    signature = await shop.signer.seal(lease)  # stored before it is answered: now only forward
    cms = signed_data(increment.digest, signature, shop.chains[written.key_id])
    return await _record(job, written, increment.sealed(cms), base, shop)


async def _write_intent(job: Job, shop: Workshop) -> WrittenIntent:
    """Serial, base, time and file id: committed, so that every later attempt plans the same bytes."""
    base = await store.find_base(shop.db, job.lease.account_id, job.document_id)
    serial = await shop.serials.take(shop.db, job.lease.shard)
    written = WrittenIntent(
        serial=serial,
        serial_no=shop.serial_key.show(serial),
        base_revision=base.revision,
        base_sha256=base.sha256,
        signed_at=shop.clock().replace(microsecond=0),
        file_id=secrets.token_bytes(FILE_ID_BYTES),
        key_id=shop.key_id,
    )
    if not await store.intend(shop.db, job.lease, written):
        raise LeaseLost
    return written


async def _plan(job: Job, written: WrittenIntent, shop: Workshop) -> tuple[Increment, bytes]:
    """The increment, planned and rehearsed in the sandbox, and the document it is put upon."""
    base = await read_revision(
        job.lease.account_id,
        job.document_id,
        written.base_revision,
        db=shop.db,
        objects=shop.objects,
        store_key=shop.store_key,
    )
    assert hashlib.sha256(base).digest() == written.base_sha256, "a revision never changes"
    intent = written.intent(job.place, public_url=shop.public_url)
    return await shop.sandbox.plan(base, intent, shop.chains[written.key_id]), base


async def _record(job: Job, written: WrittenIntent, sealed: bytes, base: bytes, shop: Workshop) -> Ended:
    """S5 and S6: the object is on disk before the row says so."""
    document_sha256 = hashlib.sha256(base)
    document_sha256.update(sealed)
    key = await create_increment(
        job.lease.account_id,
        job.document_id,
        written.base_revision + 1,
        sealed,
        db=shop.db,
        objects=shop.objects,
        store_key=shop.store_key,
    )
    finished = store.Finished(
        lease=job.lease,
        object_key=key,
        increment_bytes=len(sealed),
        sha256=document_sha256.digest(),
        size_bytes=len(base) + len(sealed),
    )
    (outcome,) = await store.affix_n(shop.db, job.lease.shard, [finished])
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
        _log.error("sealed_stuck", stamp=str(lease.stamp_id), reason=reason)
        raise SealedStuck(reason)
    outcome = await store.return_one(
        shop.db, lease.account_id, lease.stamp_id, fence=lease.fence, reason=reason, actor="worker"
    )
    if outcome == "expired":
        raise LeaseLost
    if outcome == "sealed":
        raise SealedMeanwhile
    assert outcome in {"done", "already_done"}, f"a stamp without a seal is {outcome}"
    return Ended.RETURNED
