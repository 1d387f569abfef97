"""Give back what was held."""

from __future__ import annotations

from bubuh.core.shards import shard_of_account
from bubuh.db.batch import Batch
from bubuh.quota.model import Outcome, Result, WantedEnd
from bubuh.quota.moves import HoldState
from bubuh.quota.refusals import HoldEnded, HoldUnknown


async def release(wanted: WantedEnd, *, batch: Batch[WantedEnd, Result]) -> Result:
    """Make held stamps free again, once and for good.

    Raises:
        HoldUnknown: the account has no such hold.
        HoldEnded: it was captured.
    """
    result = await batch.submit(shard_of_account(wanted.account_id), wanted)
    if result.outcome is Outcome.UNKNOWN:
        raise HoldUnknown(hold_id=wanted.id)
    if result.outcome is Outcome.CONFLICT:
        raise HoldEnded(hold_id=wanted.id, state=HoldState.CAPTURED)
    return result
