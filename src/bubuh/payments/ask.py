"""Ask gateways about attempts that are not paid: when it is time, or now because somebody wants to know."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from bubuh.core.ids import AccountId
from bubuh.db.batch import Batch
from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.hear import hear
from bubuh.payments.model import Attempt, AttemptState, PaymentDetails, Word
from bubuh.payments.ports import Books, Gateways
from bubuh.payments.refusals import GatewayBusy, GatewayResting, GatewayUnavailable, GatewayUnknown
from bubuh.payments.steady import resting, wake
from bubuh.payments.take_in import take_in, take_in_apart

_log = structlog.get_logger(__name__)

MOST_ASKS: Final = 200  #: in one pass

WordBatch = Batch[Word, AttemptState]  #: records words without money


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a pass of asking did."""

    asked: int
    answered: int


async def ask_due(
    db: Database, gateways: Gateways, books: Books, *, at_most: int = MOST_ASKS, but: Sequence[str] = ()
) -> Asked:
    """Ask about the attempts whose hour has come by the database's clock, at most `at_most`.

    The hours stand in `payments_next_ask`. No connection is held while a gateway thinks. A gateway that fails
    is asked again at the attempt's next hour; while one rests its attempts stay due, and are asked about as
    soon as it is well. Those in `but` are left to somebody else.
    """
    asked = {name: gateway for name, gateway in gateways.items() if name not in but}
    await wake(asked)
    due = await _take_due(db, spared=[*resting(asked), *but], at_most=at_most)
    gates = {name: asyncio.Semaphore(gateway.pace.at_once) for name, gateway in asked.items()}

    async def ask_one(attempt: Attempt) -> Word | None:
        async with gates.get(attempt.gateway, contextlib.nullcontext()):
            return await _hear_or_note(db, gateways, attempt)

    heard = await asyncio.gather(*map(ask_one, due))
    words = [word for word in heard if word is not None]
    await take_in_apart(db, words, books)
    return Asked(asked=len(due), answered=len(words))


async def ask_now(
    db: Database, gateways: Gateways, books: Books, *, account_id: AccountId, order_id: UUID
) -> None:
    """Ask about one order's attempts, unless that was done 2 s ago; all it says is committed on return.

    Raises:
        GatewayUnavailable: the gateway does not answer; what it would say is not known.
    """
    attempts = await store.take_now(db, account_id=account_id, order_id=order_id)
    await take_in(db, [await hear(gateways, attempt) for attempt in attempts], books)


async def reach(
    db: Database, gateways: Gateways, books: Books, *, account_id: AccountId, order_id: UUID
) -> None:
    """Make sure the gateway has the order's attempts, if it answers; if not, the asking job does so later.

    Doing this twice, or after a crash in between, finds the same charge by its reference.
    """
    attempts = await store.find_attempts(db, account_id=account_id, order_id=order_id)
    unsure = [attempt for attempt in attempts if attempt.state is AttemptState.UNKNOWN]
    heard = [await _hear_or_note(db, gateways, attempt) for attempt in unsure]
    await take_in(db, [word for word in heard if word is not None], books)


async def reach_first(
    db: Database, gateways: Gateways, books: Books, attempt: Attempt, *, batch: WordBatch
) -> PaymentDetails | None:
    """`reach` for an attempt that was just written: how to pay, if the gateway answers."""
    word = await _hear_or_note(db, gateways, attempt)
    if word is None:
        return None
    if word.has_money:
        await take_in(db, [word], books)
    else:
        await batch.submit(attempt.shard, word)
    return word.charge.details if word.charge.details != PaymentDetails() else None


async def _take_due(db: Database, *, spared: Sequence[str], at_most: int) -> Sequence[Attempt]:
    """Shard by shard in a random order, so that no shard is always last."""
    due: list[Attempt] = []
    shards = await store.list_due_shards(db, resting=spared)
    random.shuffle(shards)
    async with db.connection() as conn:
        for shard in shards:
            if len(due) >= at_most:
                break
            due += await store.take_due_n(conn, shard, resting=spared, at_most=at_most - len(due))
    return due


async def _hear_or_note(db: Database, gateways: Gateways, attempt: Attempt) -> Word | None:
    """What the gateway says; None when it fails: the fault is kept on the attempt, its next hour is set.

    Of one that is not called, because it rests or is busy, there is nothing to keep: in an outage that would
    be a write for each buyer.
    """
    try:
        return await hear(gateways, attempt)
    except (GatewayResting, GatewayBusy):
        return None
    except (GatewayUnavailable, GatewayUnknown) as fault:
        _log.warning(
            "gateway_not_asked", gateway=attempt.gateway, reference=attempt.reference, why=str(fault)
        )
        await store.note_fault(db, attempt, fault=fault.code)
        return None
