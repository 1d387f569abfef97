"""The payments drill: a gateway that loses, doubles, reorders and forges; then both books must agree."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.buyers import PATIENCE, Bought, Buyers
from bubuh.drill.chaos import Says, quantile
from bubuh.drill.credits import Compared, Outage, compare, read_credits
from bubuh.drill.exchange import Line
from bubuh.drill.rounds import Round, stamping_facts
from bubuh.drill.service import Service, running
from bubuh.drill.stampers import STOCK, Stampers
from bubuh.drill.till import follow, read_till
from bubuh.gateway_dev.script import Script

LATEST_S: Final = 60.0  #: by then money has become quota, notice or not
_SETTLE_S: Final = 90.0  #: how long the last buyers are waited for
_ACCOUNTS: Final = 200
_FEWEST_STAMPERS: Final = 8
_WARM_UP_S: Final = 10.0  #: of stamping, before anybody buys
LOST: Final = 0.05  #: of the notices
_FAULTS: Final = Script(repeat=0.05, reorder=0.05, forge=0.01)  #: of the gateway, besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the drill showed."""

    seed: int
    seconds: float
    rate: float
    outage_s: float
    rounds: list[Round]
    stamps_rate: float
    stampers: Stampers
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
            "outages": len(self.rounds),
            "stamps_rate": self.stamps_rate,
            "stamping_again": self.stampers.again,
            **stamping_facts(self.rounds, self.stampers.stamped),
            "unanswered": bought.unanswered,
            "statuses": {str(status): bought.statuses[status] for status in sorted(bought.statuses)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to happen: buyers come for `seconds`, `rate` orders in each."""

    seed: int
    seconds: float
    rate: float
    outage_s: float = 0.0  #: in the middle of each round the gateway is out of order for so long
    rounds: int = 1
    stamps_rate: float = 0.0  #: stamps a second meanwhile, by people who have quota
    lose: float = LOST  #: share of the notices that are never sent

    @property
    def calm_s(self) -> float:
        """How long the gateway works before and after each outage."""
        return (self.seconds / self.rounds - self.outage_s) / 2

    @property
    def stampers(self) -> int:
        """Accounts that have bought enough for all stamps together."""
        if not self.stamps_rate:
            return 0
        stamps = self.stamps_rate * (self.seconds * PATIENCE + _SETTLE_S + _WARM_UP_S)
        return max(_FEWEST_STAMPERS, math.ceil(stamps / STOCK))


async def run_payments(plan: Plan, *, folder: Path, says: Says) -> Report:
    """Carry out `plan` on a new service in `folder`; wait until all that was paid is credited; compare."""
    says(0.0, "starting")
    async with running(folder / "data") as service:
        buyers = Buyers(service.url, await _keys(service, _ACCOUNTS), seed=plan.seed)
        async with _stamping(service, buyers, plan) as stampers:
            script = msgspec.structs.replace(_FAULTS, seed=plan.seed, lose=plan.lose)
            await follow(service, script)
            begun = time.monotonic()
            coming = asyncio.create_task(
                buyers.come(
                    rate=plan.rate, seconds=plan.seconds, told=lambda share: says(0.7 * share, "buying")
                )
            )
            rounds = await _outages(service, script, plan) if plan.outage_s else []
        left_s = max(0.0, begun + plan.seconds * PATIENCE - time.monotonic()) + _SETTLE_S
        await asyncio.wait({coming}, timeout=left_s)
        await _ended(coming)
        buyers.close()
        says(0.9, "comparing")
        async with await Database.open(service.run.databases[APP], size=1) as db:
            outages = [one.outage for one in rounds]
            books = compare(read_till(service.data), await read_credits(db), outages)
    says(1.0, "done")
    return Report(
        seed=plan.seed,
        seconds=plan.seconds,
        rate=plan.rate,
        outage_s=plan.outage_s,
        rounds=rounds,
        stamps_rate=plan.stamps_rate,
        stampers=stampers,
        bought=buyers.seen,
        books=books,
    )


async def _keys(service: Service, count: int) -> list[str]:
    """Keys of new accounts."""
    line = Line()
    keys = [(await line.call("POST", f"{service.url}/dev/accounts")).json()["key"] for _ in range(count)]
    line.close()
    return keys


@asynccontextmanager
async def _stamping(service: Service, buyers: Buyers, plan: Plan) -> AsyncIterator[Stampers]:
    """People who have bought their quota stamp from some time before the block until its end."""
    stampers = Stampers(service.url, await _keys(service, plan.stampers), seed=plan.seed)
    if not plan.stamps_rate:
        yield stampers
        return
    await asyncio.gather(*(buyers.buy(key, stamps=STOCK) for key in stampers.keys))
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(stampers.come(rate=plan.stamps_rate, is_over=is_over.is_set))
        await asyncio.sleep(_WARM_UP_S)
        try:
            yield stampers
        finally:
            is_over.set()
    stampers.close()


async def _outages(service: Service, script: Script, plan: Plan) -> list[Round]:
    """The outages, each amid its round; returns at the end of the last round's outage."""
    begun, rounds = time.monotonic(), list[Round]()
    for number in range(plan.rounds):
        calm_at = begun + number * plan.seconds / plan.rounds
        await asyncio.sleep(calm_at + plan.calm_s - time.monotonic())
        out_at, since = time.monotonic(), datetime.now(UTC)
        await follow(service, msgspec.structs.replace(script, outage_s=plan.outage_s))
        outage = Outage(since, datetime.now(UTC) + timedelta(seconds=plan.outage_s))
        rounds.append(
            Round(calm_at=calm_at, out_at=out_at, back_at=time.monotonic() + plan.outage_s, outage=outage)
        )
    await asyncio.sleep(rounds[-1].back_at - time.monotonic())
    return rounds


async def _ended(coming: asyncio.Task[None]) -> None:
    """Buyers who still wait are sent home: the books tell what they missed."""
    if not coming.done():
        coming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await coming
