"""The desk answers."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.complaints import store
from bubuh.complaints.model import COMPLAINT, MOST_LETTERS, Complaint, ComplaintState
from bubuh.complaints.moves import MOVES
from bubuh.complaints.open import sealed_as
from bubuh.complaints.refusals import ComplaintAnswered, ComplaintUnexplained, ComplaintUnknown
from bubuh.core.ids import show_id
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.outbox.publish import publish

ANSWERED = "complaint.answered"


async def answer(db: Database, complaint_id: UUID, words: str, *, actor: str, key: PersonKey) -> Complaint:
    """Answer a complaint, once; audited, and its people are told. Who has its number reads the answer.

    Raises:
        ComplaintUnknown: there is none of this number.
        ComplaintAnswered: it was answered before, or its people were forgotten.
        ComplaintUnexplained: an answer says something, in at most 1,000 letters.
    """
    if not 1 <= len(words.strip()) <= MOST_LETTERS:
        raise ComplaintUnexplained(most=MOST_LETTERS)
    sealed = key.seal(words.strip(), sealed_as("answer", complaint_id))
    async with db.transaction() as conn:
        if await store.find_complaint(conn, complaint_id) is None:
            raise ComplaintUnknown
        account_id = await store.answer(conn, complaint_id, answer_sealed=sealed, answered_by=actor)
        if account_id is None:
            raise ComplaintAnswered
        state, before = ComplaintState.ANSWERED, ComplaintState.OPEN
        await store.note(conn, account_id, complaint_id, state=state, move=MOVES[before][state].name)
        facts = {"complaint": show_id(COMPLAINT, complaint_id)}
        await publish(conn, account_id=account_id, topic=ANSWERED, subject=complaint_id, facts=facts)
        await record(conn, account_id=account_id, act="complaint.answer", actor=actor, facts=facts)
        found = await store.find_complaint(conn, complaint_id)
    assert found is not None, "what was answered is there"
    return found
