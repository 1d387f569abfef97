"""The owner takes back a stamp that still waits."""

from __future__ import annotations

from uuid import UUID

from bubuh.db.pool import Database
from bubuh.identity.model import Principal
from bubuh.stamping import store
from bubuh.stamping.model import Stamp
from bubuh.stamping.moves import ReturnReason
from bubuh.stamping.refusals import StampNotCancellable
from bubuh.stamping.show import find_stamp


async def cancel(principal: Principal, stamp_id: UUID, *, db: Database) -> Stamp:
    """Return an accepted stamp's quota; repeating it is harmless.

    Raises:
        StampUnknown: no such stamp in the principal's account.
        StampNotCancellable: work on it has begun, or it ended otherwise.
    """
    stamp = await find_stamp(db, principal.account_id, stamp_id)
    reason = ReturnReason.CANCELLED
    wanted = store.WantedReturn(
        account_id=principal.account_id, stamp_id=stamp_id, fence=None, reason=reason, actor=principal.actor
    )
    (outcome,) = await store.return_n(db, principal.shard, [wanted])
    stamp = await find_stamp(db, principal.account_id, stamp_id)
    if outcome == "done" or stamp.reason == reason:
        return stamp
    raise StampNotCancellable(state=str(stamp.state))
