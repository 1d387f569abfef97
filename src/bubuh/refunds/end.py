"""An operator ends a refund whose gateway does not tell its end."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import shard_of_id, show_id
from bubuh.db.pool import Database
from bubuh.payments.model import REFUND
from bubuh.quota.freeze import MOST_LETTERS
from bubuh.refunds import store
from bubuh.refunds.model import Ending, Refund
from bubuh.refunds.refusals import RefundNotOverdue, RefundUnexplained, RefundUnknown, SamePerson


async def end_refund(
    db: Database, refund_id: UUID, *, ending: Ending, reason: str, limit_idr: int, actor: str
) -> Refund:
    """The refund after `actor`'s word of its end: ended, and its gateway asked no more. Audited.

    Money above `limit_idr` ends when a second person says the same; until then the word is kept, the gateway
    asked on, and a word of another end takes its place.

    Raises:
        RefundUnexplained: the reason says nothing, or is longer than MOST_LETTERS.
        RefundUnknown: there is no such refund.
        RefundNotOverdue: it is not on the unmatched list as overdue, or has ended.
        SamePerson: who said so before does not say it for a second person.
    """
    if not 1 <= len(reason.strip()) <= MOST_LETTERS:
        raise RefundUnexplained(most=MOST_LETTERS)
    async with db.transaction() as conn:
        outcome, account_id = await store.tell_end(
            conn,
            shard_of_id(refund_id),
            refund_id,
            ending=ending,
            why=reason,
            limit_idr=limit_idr,
            actor=actor,
        )
        match outcome:
            case "unknown":
                raise RefundUnknown
            case "conflict":
                raise RefundNotOverdue
            case "same_person":
                raise SamePerson
            case _:
                assert outcome in {"done", "told"}, outcome
        refund = await store.find(conn, account_id=account_id, refund_id=refund_id)
        assert refund is not None, "what was spoken of is there"
        facts = {
            "refund": show_id(REFUND, refund_id),
            "ending": str(ending),
            "amount_idr": refund.amount_idr,
            "reason": reason,
        }
        act = "refund.end" if outcome == "done" else "refund.tell_end"
        await record(conn, account_id=account_id, act=act, actor=actor, facts=facts)
    return refund
