"""Move stamps from one account to another, whose rows may lie on another machine.

Three local transactions, each safe to repeat: out at the giver, in at the receiver, ack at the giver. The
outbox carries the transfer from the first to the others, so it arrives whoever dies in between; what is on
its way shows in the giver's `in_transit`.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId, read_account, show_account
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.open_account import find_account
from bubuh.identity.refusals import AccountUnknown, IdempotencyConflict
from bubuh.outbox.model import Fact
from bubuh.outbox.publish import publish
from bubuh.quota import store
from bubuh.quota.model import Leg, Outcome, Result, SentTransfer, WantedLeg
from bubuh.quota.refusals import (
    AccountFrozen,
    QuotaExhausted,
    ReceiverUnknown,
    SameAccount,
    TransferUnknown,
    check_stamps,
)
from bubuh.quota.share import refuse_child

TRANSFERRED: Final = "quota.transferred"  #: the topic that `deliver_transfer` hears


async def transfer(
    conn: Conn, *, ref: UUID, giver: AccountId, receiver: AccountId, stamps: int, actor: str
) -> Result:
    """Send stamps on their way; to be called in a transaction. The same `ref` again sends nothing more.

    Raises:
        StampsOutOfRange: below one, or beyond all reason.
        SameAccount: giver and receiver are one.
        ReceiverUnknown: there is no such account.
        ChildAccount: one of them lives on its parent's stamps.
        QuotaExhausted: the giver has fewer free.
        AccountFrozen: the giver's books are being looked into.
        IdempotencyConflict: `ref` sent something else before.
    """
    check_stamps(stamps)
    if giver == receiver:
        raise SameAccount
    try:
        await find_account(conn, receiver)
    except AccountUnknown:
        raise ReceiverUnknown from None
    for account_id in (giver, receiver):
        await refuse_child(conn, account_id)
    wanted = WantedLeg(ref=ref, account_id=giver, counter_account_id=receiver, stamps=stamps, actor=actor)
    (result,) = await store.transfer_n(conn, shard_of_account(giver), [wanted], leg=Leg.OUT)
    match result.outcome:
        case Outcome.EXHAUSTED:
            raise QuotaExhausted(wanted=stamps, free=result.free)
        case Outcome.FROZEN:
            raise AccountFrozen(account_id=giver)
        case Outcome.CONFLICT:
            raise IdempotencyConflict
        case _:
            facts = {"receiver": show_account(receiver), "stamps": stamps, "actor": actor}
            await publish(conn, account_id=giver, topic=TRANSFERRED, subject=ref, facts=facts)
    return result


async def find_sent(where: Conn | Database, giver: AccountId, ref: UUID) -> SentTransfer:
    """What `giver` sent under `ref`; raises `TransferUnknown`."""
    sent = await store.find_sent(where, giver, ref)
    if sent is None:
        raise TransferUnknown(ref=ref)
    return sent


async def deliver_transfer(db: Database, fact: Fact) -> None:
    """Bring a transfer to its receiver, then tell its giver. Cut at any point, it is called again."""
    giver, receiver = fact.account_id, read_account(fact.facts["receiver"])
    stamps, actor = fact.facts["stamps"], fact.facts["actor"]
    arrival = WantedLeg(
        ref=fact.subject, account_id=receiver, counter_account_id=giver, stamps=stamps, actor=actor
    )
    await _step(db, Leg.IN, arrival)
    receipt = WantedLeg(
        ref=fact.subject, account_id=giver, counter_account_id=receiver, stamps=stamps, actor=actor
    )
    await _step(db, Leg.ACK, receipt)


async def _step(db: Database, leg: Leg, wanted: WantedLeg) -> None:
    (result,) = await store.transfer_n(db, shard_of_account(wanted.account_id), [wanted], leg=leg)
    assert result.outcome in {Outcome.DONE, Outcome.ALREADY_DONE}, f"{leg} of {wanted.ref}: {result.outcome}"
