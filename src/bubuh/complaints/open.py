"""Open a complaint: number, clock, and everything the machine saw."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bubuh.audit.record import record
from bubuh.complaints import store
from bubuh.complaints.model import COMPLAINT, MOST_OPEN, Complaint, ComplaintState, Finding, WantedComplaint
from bubuh.complaints.moves import START
from bubuh.complaints.refusals import TooManyComplaints
from bubuh.core.ids import AccountId, show_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.outbox.publish import publish

OPENED = "complaint.opened"


async def open_complaint(
    db: Database,
    wanted: WantedComplaint,
    *,
    complaint_id: UUID,
    account_id: AccountId,
    findings: Sequence[Finding],
    actor: str,
    key: PersonKey,
) -> tuple[Complaint, bool]:
    """Write the complaint under the caller's id; a replay shows it as it is now (True).

    Raises:
        IdempotencyConflict: the id stands for another request.
        TooManyComplaints: so many wait for an answer already.
    """
    async with db.transaction() as conn:
        before = await store.find_complaint(conn, complaint_id)
        if before is None and await store.count_open(conn, account_id) >= MOST_OPEN:
            raise TooManyComplaints(most=MOST_OPEN)
        is_new = before is None and await store.open_complaint(
            conn,
            wanted,
            complaint_id=complaint_id,
            account_id=account_id,
            words_sealed=key.seal(wanted.words, sealed_as("words", complaint_id)),
            findings=findings,
            actor=actor,
        )
        if is_new:
            await _tell(conn, wanted, complaint_id, account_id, actor=actor)
        found = await store.find_complaint(conn, complaint_id)
        assert found is not None, "what was opened is there"
    if found.request_sha256 != wanted.sha256:
        raise IdempotencyConflict
    return found, not is_new


async def _tell(
    conn: Conn, wanted: WantedComplaint, complaint_id: UUID, account_id: AccountId, *, actor: str
) -> None:
    await store.note(
        conn, account_id, complaint_id, state=ComplaintState.OPEN, move=START[ComplaintState.OPEN]
    )
    facts = {"complaint": show_id(COMPLAINT, complaint_id), "about": wanted.subject.show()}
    await publish(conn, account_id=account_id, topic=OPENED, subject=complaint_id, facts=facts)
    await record(conn, account_id=account_id, act="complaint.open", actor=actor, facts=facts)


def sealed_as(what: str, complaint_id: UUID) -> str:
    """Under which name words of a complaint are sealed: they open as nothing else."""
    return f"complaint {what} {complaint_id}"
