"""Money arrived: record it, and fill the orders it covers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.payments.model import ReceivedPayment, SettleOutcome

_Numbered = tuple[int, ReceivedPayment]


async def settle(db: Database, payments: Sequence[ReceivedPayment]) -> list[SettleOutcome]:
    """Settle many payments, however late, often or oddly they come; one outcome each, in their order.

    Paid, filled and the quota are one commit a shard. To repeat a call, whole or in part, changes nothing.
    """
    outcomes: dict[int, SettleOutcome] = {}
    for shard, batch in _batches(payments):
        settled = await store.settle_n(db, shard, [payment for _, payment in batch])
        outcomes.update(zip((place for place, _ in batch), settled, strict=True))
    return [outcomes[place] for place in range(len(payments))]


def _batches(payments: Sequence[ReceivedPayment]) -> list[tuple[Shard, list[_Numbered]]]:
    """One shard a batch and each order once in it: two payments of one order go into two rounds."""
    rounds: dict[tuple[int, Shard], list[_Numbered]] = defaultdict(list)
    seen: dict[object, int] = defaultdict(int)
    for place, payment in enumerate(payments):
        rounds[seen[payment.order_id], payment.shard].append((place, payment))
        seen[payment.order_id] += 1
    return [(shard, batch) for (_, shard), batch in sorted(rounds.items(), key=lambda item: item[0])]
