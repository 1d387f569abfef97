"""Money that left again: lines of a gateway's file against our refunds, and against what banks took back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final

from bubuh.core.ids import MalformedId, read_id, shard_of_id
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.beside import beside
from bubuh.orders.matched import Differences, Matched
from bubuh.orders.store import Returned
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import REFUND, shard_of_reference
from bubuh.payments.settlement import GatewayLine

_ASK: Final = "ask the gateway whom it gave the money, and why"


class Returns:
    """Holds lines with less than nothing in them against refunds and reversals, each of which fits one line.

    A line names the reference of the payment, or the number that we gave the refund.
    """

    def __init__(self, db: Database, matched: Matched, differences: Differences) -> None:
        self._db = db
        self._matched = matched
        self._differences = differences
        self._seen: set[bytes] = set()

    async def match(self, lines: Iterable[GatewayLine]) -> None:
        """Each of `lines` against what we know by its number."""
        find = partial(store.list_returned, self._db)
        known = beside(lines, shard_of=_shard_of, find=find, number_of=lambda row: row.asked_by)
        async for line, ours in known:
            self._hold(line, ours)

    async def miss(self, gateway: str, *, since: datetime, until: datetime) -> None:
        """What we gave back, or a bank took back, in a span of time, and no line is for."""
        for shard in ALL_SHARDS:
            for row in await store.list_returned_between(self._db, shard, gateway, since=since, until=until):
                if _key(row) not in self._seen:
                    self._differences.add(_missing(row))
            await self._differences.flush()

    def take(self, row: Returned) -> bool:
        """Count `row` as told by a file; false: another line had it."""
        key = _key(row)
        is_fresh = key not in self._seen
        self._seen.add(key)
        return is_fresh

    def _hold(self, line: GatewayLine, ours: Sequence[Returned]) -> None:
        same = [one for one in ours if one.amount_idr == -line.amount_idr]
        if any(self.take(one) for one in same):
            self._matched.returned += 1
        elif same:
            self._differ(Kind.RETURN_DOUBLED, line, ours, "given back more than once")
        elif ours:
            told = ", ".join(str(one.amount_idr) for one in ours)
            for one in ours:
                self.take(one)
            self._differ(Kind.RETURN_DIFFERS, line, ours, f"we know of {told}")
        else:
            self._differ(Kind.RETURN_UNKNOWN, line, ours, "given back, and no refund of ours says so")

    def _differ(self, kind: Kind, line: GatewayLine, ours: Sequence[Returned], why: str) -> None:
        self._differences.add_line(kind, line, ours, why=why, suggestion=_ASK)


def _shard_of(number: str) -> Shard | None:
    try:
        return shard_of_id(read_id(REFUND, number))
    except MalformedId:
        return shard_of_reference(number)


def _key(row: Returned) -> bytes:
    return blake2b(f"{row.gateway}|{row.order_id}|{row.number}".encode(), digest_size=16).digest()


def _missing(row: Returned) -> Unmatched:
    return Unmatched(
        kind=Kind.RETURN_MISSING,
        gateway=row.gateway,
        subject=f"{row.order_id}:{row.number}",
        why="given back by our books, and in no settlement file of its time",
        suggestion="look into the next file, then ask the gateway whether the buyer has it",
        account_id=row.account_id,
        order_id=row.order_id,
        amount=row.amount_idr,
    )
