"""The payments drill: a gateway that loses, doubles, reorders and forges; then both books must agree."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.buyers import PATIENCE, Bought, Buyers
from bubuh.drill.chaos import Says, quantile
from bubuh.drill.credits import Compared, compare, read_credits
from bubuh.drill.exchange import Line
from bubuh.drill.service import Service, running
from bubuh.drill.till import follow, read_till
from bubuh.gateway_dev.script import Script

LATEST_S: Final = 60.0  #: by then money has become quota, notice or not
_SETTLE_S: Final = 90.0  #: how long the last buyers are waited for
_ACCOUNTS: Final = 200
LOST: Final = 0.05  #: of the notices
_FAULTS: Final = Script(repeat=0.05, reorder=0.05, forge=0.01)  #: of the gateway, besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the drill showed."""

    seed: int
    seconds: float
    rate: float
    outage_s: float
    bought: Bought
    books: Compared

    @property
    def longest_s(self) -> float | None:
        """The longest that money took to become quota, however it was learnt."""
        return quantile([*self.books.told_s, *self.books.untold_s], 1.0)

    @property
    def is_clean(self) -> bool:
        """Whether all that was paid is credited in time, once, and nothing else is."""
        books = self.books
        late = self.longest_s is None or self.longest_s > LATEST_S
        return not (late or books.uncredited or books.forged_credited or books.book_difference_idr)

    def facts(self) -> dict[str, object]:
        """As one JSON object; p50 and p99 are of orders whose notice was sent, max is of all."""
        books, bought = self.books, self.bought
        return {
            "seed": self.seed,
            "orders": books.orders,
            "credited": books.credited,
            "uncredited": books.uncredited,
            "forged_credited": books.forged_credited,
            "p50_s": quantile(books.told_s, 0.5),
            "p99_s": quantile(books.told_s, 0.99),
            "max_s": self.longest_s,
            "untold": len(books.untold_s),
            "untold_p50_s": quantile(books.untold_s, 0.5),
            "untold_max_s": quantile(books.untold_s, 1.0),
            "book_difference_idr": books.book_difference_idr,
            "placed": bought.placed,
            "seen_filled": bought.filled,
            "seconds": self.seconds,
            "rate": self.rate,
            "most_late_s": round(bought.most_late_s, 3),
            "outage_s": self.outage_s,
            "unanswered": bought.unanswered,
            "statuses": {str(status): bought.statuses[status] for status in sorted(bought.statuses)},
        }


async def run_payments(
    *,
    seed: int,
    seconds: float,
    rate: float,
    outage_s: float,
    folder: Path,
    says: Says,
    lose: float = LOST,
) -> Report:
    """Buy at a new service in `folder` for `seconds`, `rate` orders in each; wait for credit; compare.

    With `outage_s` the gateway is out of order for so long, from a third of the way on; `lose` is the share
    of notices that are never sent.
    """
    says(0.0, "starting")
    async with running(folder / "data") as service:
        buyers = Buyers(service.url, await _keys(service), seed=seed)
        script = msgspec.structs.replace(_FAULTS, seed=seed, lose=lose)
        await follow(service, script)
        begun = time.monotonic()
        coming = asyncio.create_task(
            buyers.come(rate=rate, seconds=seconds, told=lambda share: says(0.7 * share, "buying"))
        )
        back_at = await _outage(service, script, after_s=seconds / 3, outage_s=outage_s)
        left_s = max(0.0, begun + seconds * PATIENCE - time.monotonic()) + _SETTLE_S
        await asyncio.wait({coming}, timeout=left_s)
        await _ended(coming)
        buyers.close()
        says(0.9, "comparing")
        async with await Database.open(service.run.databases[APP], size=1) as db:
            books = compare(read_till(service.data), await read_credits(db), back_at=back_at)
    says(1.0, "done")
    return Report(seed=seed, seconds=seconds, rate=rate, outage_s=outage_s, bought=buyers.seen, books=books)


async def _keys(service: Service) -> list[str]:
    """Keys of new accounts, for whoever buys."""
    line = Line()
    keys = [(await line.call("POST", f"{service.url}/dev/accounts")).json()["key"] for _ in range(_ACCOUNTS)]
    line.close()
    return keys


async def _outage(service: Service, script: Script, *, after_s: float, outage_s: float) -> datetime | None:
    """The outage, if one is wanted; when the gateway is back."""
    if not outage_s:
        return None
    await asyncio.sleep(after_s)
    await follow(service, msgspec.structs.replace(script, outage_s=outage_s))
    return datetime.now(UTC) + timedelta(seconds=outage_s)


async def _ended(coming: asyncio.Task[None]) -> None:
    """Buyers who still wait are sent home: the books tell what they missed."""
    if not coming.done():
        coming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await coming
