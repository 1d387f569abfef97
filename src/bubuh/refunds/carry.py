"""The worker's round over refunds: have gateways give money back, and ask until the end is known.

That a refund is sent is committed before its gateway hears of it; its number stands for one refund for ever.
So a crash, a lost answer or a second worker never gives anything back twice.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from bubuh.db.pool import Database
from bubuh.payments.model import REFUND, GatewayRefund, RefundWord
from bubuh.payments.ports import Gateways, find_gateway
from bubuh.payments.refusals import GatewayUnavailable, GatewayUnknown
from bubuh.payments.steady import resting
from bubuh.refunds import store
from bubuh.refunds.model import DueRefund, RefundState

_log = structlog.get_logger(__name__)

MOST_REFUNDS: Final = 100  #: in one pass
AT_ONCE: Final = 10


async def carry_due(db: Database, gateways: Gateways, *, at_most: int = MOST_REFUNDS) -> int:
    """Carry refunds whose hour has come by the database's clock, at most `at_most`; how many.

    No connection is held while a gateway thinks.
    """
    due: list[DueRefund] = []
    spared = resting(gateways)
    shards = await store.list_due_shards(db, resting=spared)
    async with db.connection() as conn:
        for shard in shards:
            if len(due) < at_most:
                due += await store.take_due_n(conn, shard, resting=spared, at_most=at_most - len(due))
    gate = asyncio.Semaphore(AT_ONCE)

    async def carry_one(one: DueRefund) -> None:
        async with gate:
            await _carry(db, gateways, one)

    await asyncio.gather(*map(carry_one, due))
    return len(due)


async def _carry(db: Database, gateways: Gateways, due: DueRefund) -> None:
    """Ask one gateway; a fault is kept on the refund, which is asked about again."""
    if due.reference is None:
        await _record(db, due, RefundWord.FAILED, "no attempt of ours is known at this gateway")
        return
    try:
        heard = await _hear(gateways, due)
    except (GatewayUnavailable, GatewayUnknown) as fault:
        _log.warning("refund_not_asked", gateway=due.gateway, refund=str(due.id), why=str(fault))
        await store.note_fault(db, due, fault=fault.code)
        return
    if heard.state is not RefundWord.UNKNOWN:
        await _record(db, due, heard.state, heard.why)


async def _hear(gateways: Gateways, due: DueRefund) -> GatewayRefund:
    """What the gateway says: of a refund that may have been sent, first whether it has it."""
    gateway, wanted = find_gateway(gateways, due.gateway), due.wanted()
    if due.before is not RefundState.ASKED:
        known = await gateway.refund_status(wanted)
        if known is not None:
            return known
        if due.before is RefundState.PENDING:
            _log.error("refund_forgotten", gateway=due.gateway, refund=wanted.refund_no)
    return await gateway.refund(wanted)


async def _record(db: Database, due: DueRefund, word: RefundWord, why: str | None) -> None:
    outcome = await store.record_word(db, due, word=str(word), why=why)
    if outcome == "conflict":
        _log.error("refund_contradicted", gateway=due.gateway, refund=str(due.id), word=str(word))
    _log.info("refund_told", kind=REFUND, refund=str(due.id), word=str(word), outcome=outcome)
