"""Give stamps to an account."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn
from bubuh.identity.open_account import find_account
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.quota import store
from bubuh.quota.model import Outcome, Result, Source, WantedAllotment
from bubuh.quota.refusals import check_stamps
from bubuh.quota.share import refuse_child


async def allot(conn: Conn, *, ref: UUID, account_id: AccountId, stamps: int, actor: str) -> Result:
    """Mint `stamps` for an account by an operator's word; to be called in a transaction.

    The same `ref` again gives nothing more. (Bought stamps come by `orders`: source `sold`, in batches.)

    Raises:
        StampsOutOfRange: below one, or beyond all reason.
        AccountUnknown: there is no such account.
        ChildAccount: it lives on its parent's stamps.
        IdempotencyConflict: `ref` gave another number before.
    """
    check_stamps(stamps)
    await find_account(conn, account_id)
    await refuse_child(conn, account_id)
    wanted = WantedAllotment(ref=ref, account_id=account_id, stamps=stamps, source=Source.MINTED, actor=actor)
    (result,) = await store.allot_n(conn, shard_of_account(account_id), [wanted])
    if result.outcome is Outcome.CONFLICT:
        raise IdempotencyConflict
    if result.outcome is Outcome.DONE:
        facts = {"ref": str(ref), "stamps": stamps}
        await record(conn, account_id=account_id, act="quota.allot", actor=actor, facts=facts)
    return result
