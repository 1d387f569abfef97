"""A second person agrees to a refund above the limit, or declines it."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import shard_of_id, show_id
from bubuh.db.pool import Database
from bubuh.payments.model import REFUND
from bubuh.refunds import store
from bubuh.refunds.model import Refund
from bubuh.refunds.refusals import RefundNotWaiting, RefundUnknown, SamePerson


async def decide(db: Database, refund_id: UUID, *, agrees: bool, actor: str) -> Refund:
    """The refund after `actor`'s word: on its way, or its stamps given back. Audited.

    Raises:
        RefundUnknown: there is no such refund.
        RefundNotWaiting: it waits for nobody's consent.
        SamePerson: who asked does not agree for others.
    """
    async with db.transaction() as conn:
        outcome, account_id = await store.decide(
            conn, shard_of_id(refund_id), refund_id, agrees=agrees, actor=actor
        )
        match outcome:
            case "unknown":
                raise RefundUnknown
            case "conflict":
                raise RefundNotWaiting
            case "same_person":
                raise SamePerson
            case _:
                assert outcome == "done", outcome
        refund = await store.find(conn, account_id=account_id, refund_id=refund_id)
        assert refund is not None, "what was decided upon is there"
        act = "refund.approve" if agrees else "refund.decline"
        facts = {"refund": show_id(REFUND, refund_id), "amount_idr": refund.amount_idr}
        await record(conn, account_id=account_id, act=act, actor=actor, facts=facts)
    return refund
