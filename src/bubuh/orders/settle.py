"""Money arrived: record it, and fill the orders it covers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.payments.model import ReceivedPayment, SettleOutcome

MOST_SHARDS: Final = 16  #: in one commit

_Numbered = tuple[int, ReceivedPayment]
_Part = tuple[Shard, list[_Numbered]]


async def settle(db: Database, payments: Sequence[ReceivedPayment]) -> list[SettleOutcome]:
    """Settle many payments, however late, often or oddly they come; one outcome each, in their order.

    Paid, filled and the quota are one commit, for up to MOST_SHARDS shards together: in the order of the
    shards, so that no two of these wait for each other's locks. To repeat a call, whole or in part, changes
    nothing.
    """
    outcomes: dict[int, SettleOutcome] = {}
    for parts in _commits(payments):
        settled = await store.settle_n.together(
            db, [(shard, [payment for _, payment in part]) for shard, part in parts]
        )
        for (_, part), some in zip(parts, settled, strict=True):
            outcomes.update(zip((place for place, _ in part), some, strict=True))
    return [outcomes[place] for place in range(len(payments))]


def _commits(payments: Sequence[ReceivedPayment]) -> Iterator[Sequence[_Part]]:
    """What is committed together, by shard. Two payments of one order go into two commits."""
    rounds: dict[int, dict[Shard, list[_Numbered]]] = defaultdict(lambda: defaultdict(list))
    seen: dict[object, int] = defaultdict(int)
    for place, payment in enumerate(payments):
        rounds[seen[payment.order_id]][payment.shard].append((place, payment))
        seen[payment.order_id] += 1
    for _, by_shard in sorted(rounds.items()):
        parts = sorted(by_shard.items())
        for start in range(0, len(parts), MOST_SHARDS):
            yield parts[start : start + MOST_SHARDS]
