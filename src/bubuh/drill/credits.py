"""The gateway's own book beside our ledger: who paid, who was credited when, every rupiah between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from bubuh.core.ids import show_id
from bubuh.core.money import price_idr
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.drill.till import Taken

SQL: Final = load_queries(__package__)
_SUFFIX: Final = "-1"  #: a reference is the order's id and the number of its attempt


@dataclass(slots=True)
class Credit:
    """What our rows say of one order."""

    payments: dict[str, int] = field(default_factory=dict)  #: payment_no to rupiah
    stamps: int = 0  #: given for it, by its transfers
    filled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How the two books differ, and how long money took to become quota."""

    orders: int  #: that were paid, says the gateway
    credited: int
    uncredited: int
    forged_credited: int  #: orders with payments or stamps that the gateway never took money for
    book_difference_idr: int  #: the sum of all differences, order by order: one cannot hide another
    told_s: list[float]  #: from payment to quota, where the gateway sent its notice
    untold_s: list[float]  #: the same where the notice was lost


@dataclass(frozen=True, slots=True)
class Outage:
    """For so long the gateway was out of order."""

    since: datetime
    until: datetime


def compare(
    till: Mapping[str, Taken], credits_: Mapping[str, Credit], outages: Sequence[Outage] = ()
) -> Compared:
    """Hold the gateway's book against our rows, by order.

    What waited for its quota while the gateway was out of order counts from the gateway's return.
    """
    paid = {reference: taken for reference, taken in till.items() if taken.paid_at is not None}
    told_s, untold_s, credited, forged, difference = list[float](), list[float](), 0, 0, 0
    for reference in paid.keys() | credits_.keys():
        taken, credit = paid.get(reference, Taken()), credits_.get(reference, Credit())
        difference += max(
            abs(taken.amount_idr - sum(credit.payments.values())),
            abs(taken.amount_idr - price_idr(credit.stamps)),
        )
        forged += bool(
            credit.payments.keys() - taken.payments.keys() or (credit.stamps and taken.paid_at is None)
        )
        if credit.filled_at is not None and taken.paid_at is not None:
            credited += 1
            met = (one.until for one in outages if taken.paid_at < one.until and one.since < credit.filled_at)
            since = max([taken.paid_at, *met])
            took = max(0.0, (credit.filled_at - since).total_seconds())
            (told_s if taken.is_told else untold_s).append(took)
    return Compared(
        orders=len(paid),
        credited=credited,
        uncredited=len(paid) - credited,
        forged_credited=forged,
        book_difference_idr=difference,
        told_s=told_s,
        untold_s=untold_s,
    )


async def read_credits(db: Database) -> Mapping[str, Credit]:
    """What the service's rows say, by the reference that the gateway knows an order by."""
    found: dict[str, Credit] = defaultdict(Credit)
    async with db.connection() as conn:
        for shard in ALL_SHARDS:
            for row in await conn.fetch(SQL.list_paid.sql, shard):
                found[_reference(row["order_id"])].payments[row["payment_no"]] = row["amount_idr"]
            for row in await conn.fetch(SQL.list_filled.sql, shard):
                credit = found[_reference(row["order_id"])]
                credit.filled_at = row["at"]
                credit.stamps += row["stamps"] or 0
    return found


def _reference(order_id: UUID) -> str:
    return show_id("ord", order_id) + _SUFFIX
