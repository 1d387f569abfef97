"""S1: hold one stamp and take the request on, in one commit; whatever can be refused is refused before."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.errors import Refusal
from bubuh.db.batch import Batch
from bubuh.db.doorbell import Ringer
from bubuh.db.pool import Database
from bubuh.documents.find import find_document
from bubuh.documents.moves import DocumentState
from bubuh.documents.refusals import ContentUnseen, DocumentNotReady
from bubuh.identity.model import Principal
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.geometry import to_page_space
from bubuh.pdf.refusals import PageOutOfRange
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted
from bubuh.stamping import store
from bubuh.stamping.bells import WAITING
from bubuh.stamping.model import WantedStamp

AcceptBatch = Batch[store.AcceptRequest, store.AcceptOutcome]


async def accept(
    principal: Principal,
    wanted: WantedStamp,
    *,
    stamp_id: UUID,
    db: Database,
    batch: AcceptBatch,
    ringer: Ringer,
    content_unseen: bool = False,
) -> bool:
    """Accept one stamp under `stamp_id`; whether an earlier request had done so.

    With `content_unseen` the document stayed at home, and was received for this very stamp: one id was made
    for both of them. So it never gets another.

    Raises, in this order:
        DocumentUnknown: no such document in the principal's account.
        DocumentNotReady: it was refused, or its bytes are gone.
        ContentUnseen: it stayed at home, and was sent for another stamp.
        PageOutOfRange, OutsidePage, SideOutOfRange: the face does not fit.
        IdempotencyConflict: the id stands for another request.
        AccountFrozen, QuotaExhausted: no stamp can be held.
    """
    try:
        await _check_face(principal, wanted, db=db, content_unseen=content_unseen)
    except Refusal:
        if await store.find_stamp(db, principal.account_id, stamp_id) is None:
            raise  # else it was accepted when all was well, and is so still
    request = store.AcceptRequest(
        stamp_id=stamp_id, account_id=principal.account_id, actor=principal.actor, wanted=wanted
    )
    outcome = await batch.submit(principal.shard, request)
    match outcome.outcome:
        case "done" | "already_done":
            ringer.ring(WAITING, str(principal.shard))
            return outcome.outcome == "already_done"
        case "conflict":
            raise IdempotencyConflict
        case "exhausted":
            raise QuotaExhausted(wanted=1, free=outcome.free)
        case "frozen":
            raise AccountFrozen(account_id=principal.account_id)
        case other:
            raise AssertionError(f"stamping_accept_n answered {other}")


async def _check_face(
    principal: Principal, wanted: WantedStamp, *, db: Database, content_unseen: bool
) -> None:
    document = await find_document(db, principal.account_id, wanted.document_id)
    if document.state is not DocumentState.READY:
        raise DocumentNotReady(document_id=document.id, state=document.state)
    if document.content_unseen:
        if not content_unseen:
            raise ContentUnseen(document_id=document.id)
        to_page_space(wanted.place, document.boxes[0])  # of the one page that it was sent for
        return
    if not 1 <= wanted.place.page <= len(document.boxes):
        raise PageOutOfRange(page=wanted.place.page, pages=len(document.boxes))
    to_page_space(wanted.place, document.boxes[wanted.place.page - 1])
