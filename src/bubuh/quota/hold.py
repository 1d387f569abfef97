"""Set stamps aside."""

from __future__ import annotations

from bubuh.core.shards import shard_of_account
from bubuh.db.batch import Batch
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.quota.model import Outcome, Result, WantedHold
from bubuh.quota.refusals import AccountFrozen, QuotaExhausted, check_stamps


async def hold(wanted: WantedHold, *, batch: Batch[WantedHold, Result]) -> Result:
    """Hold stamps until they are captured or released; no clock ends a hold. The same id holds once.

    Raises:
        StampsOutOfRange: below one, or beyond all reason.
        QuotaExhausted: fewer are free.
        AccountFrozen: the account's books are being looked into.
        IdempotencyConflict: the id held another number before.
    """
    check_stamps(wanted.stamps)
    result = await batch.submit(shard_of_account(wanted.account_id), wanted)
    match result.outcome:
        case Outcome.EXHAUSTED:
            raise QuotaExhausted(wanted=wanted.stamps, free=result.free)
        case Outcome.FROZEN:
            raise AccountFrozen(account_id=wanted.account_id)
        case Outcome.CONFLICT:
            raise IdempotencyConflict
        case _:
            assert result.outcome in {Outcome.DONE, Outcome.ALREADY_DONE}
    return result
