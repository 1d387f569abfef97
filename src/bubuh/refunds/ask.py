"""Ask for the money of unused stamps."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_id
from bubuh.db.pool import Database
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.orders.refusals import OrderUnknown
from bubuh.payments.model import REFUND
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted, check_stamps
from bubuh.refunds import store
from bubuh.refunds.model import AskedRefund, Refund
from bubuh.refunds.refusals import OrderNotFilled, RefundableMoved, RefundTooLarge
from bubuh.refunds.store import AskOutcome


async def ask_refund(
    db: Database,
    asked: AskedRefund,
    *,
    refund_id: UUID,
    account_id: AccountId,
    limit_idr: int,
    actor: str,
) -> tuple[Refund, bool]:
    """Hold the stamps and ask for their money under the caller's id; a replay shows it as it is now (True).

    Money above `limit_idr` waits until a second person agrees. The gateway is asked by the worker.

    Raises:
        StampsOutOfRange: below one, or beyond all reason.
        OrderUnknown: the account has no such order.
        IdempotencyConflict: the id stands for another request.
        OrderNotFilled: the order gave no stamps.
        RefundableMoved: another amount may still go back than the caller believes.
        RefundTooLarge: more than may go back, or than one payment has left.
        QuotaExhausted: so many stamps are not free: they are used, or held.
        AccountFrozen: the account's books are being looked into.
    """
    check_stamps(asked.stamps)
    async with db.transaction() as conn:
        outcome = await store.ask(
            conn, asked, refund_id=refund_id, account_id=account_id, limit_idr=limit_idr, actor=actor
        )
        _raise_unless_asked(outcome, asked, account_id)
        refund = await store.find(conn, account_id=account_id, refund_id=refund_id)
        assert refund is not None, "what was asked for is there"
        if outcome.outcome == "done":
            facts = {
                "refund": show_id(REFUND, refund_id),
                "order": show_id("ord", asked.order_id),
                "stamps": asked.stamps,
                "amount_idr": refund.amount_idr,
                "reason": asked.reason,
            }
            await record(conn, account_id=account_id, act="refund.ask", actor=actor, facts=facts)
    return refund, outcome.outcome == "already_done"


def _raise_unless_asked(ended: AskOutcome, asked: AskedRefund, account_id: AccountId) -> None:
    match ended.outcome:
        case "unknown":
            raise OrderUnknown(order_id=asked.order_id)
        case "conflict":
            raise IdempotencyConflict
        case "not_filled":
            raise OrderNotFilled
        case "stale":
            raise RefundableMoved(refundable_idr=ended.refundable_idr)
        case "too_much":
            raise RefundTooLarge(most_idr=ended.most_idr)
        case "exhausted":
            raise QuotaExhausted(wanted=asked.stamps, free=0)
        case "frozen":
            raise AccountFrozen(account_id=account_id)
        case outcome:
            assert outcome in {"done", "already_done"}, outcome
