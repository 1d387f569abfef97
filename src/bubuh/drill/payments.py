"""The payments drill: a gateway that loses, doubles, reorders and forges; then both books must agree."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.drill.buyers import Buyers
from bubuh.drill.chaos import Says, quantile
from bubuh.drill.credits import Compared, Outage, compare, read_credits
from bubuh.drill.exchange import Line
from bubuh.drill.rounds import Round, clearing_facts, stamping_facts
from bubuh.drill.service import Service, running
from bubuh.drill.stampers import STOCK, Stampers
from bubuh.drill.till import follow, read_till
from bubuh.gateway_dev.script import Script

LATEST_S: Final = 60.0  #: by then money has become quota, notice or not
_CLEAR_S: Final = 180.0  #: how long the last buyers of a round are waited for
_LOOK_S: Final = 2.0  #: between looks at the books
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
    buyers: Buyers
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
        books, bought = self.books, self.buyers.seen
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
            "late_p99_s": quantile(bought.late_s, 0.99),
            "late_max_s": quantile(bought.late_s, 1.0),
            "outage_s": self.outage_s,
            "outages": len(self.rounds),
            **clearing_facts(self.rounds, bought.served),
            "stamps_rate": self.stamps_rate,
            **stamping_facts(self.rounds, self.stampers.stamped),
            "stamping_again": dict(self.stampers.again),
            "connections": {
                "buyers": self.buyers.web.facts(),
                "payers": self.buyers.gateway.facts(),
                "stampers": self.stampers.lines.facts(),
            },
            "unanswered": dict(bought.unanswered),
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
    def round_s(self) -> float:
        """How long buyers come in each round."""
        return self.seconds / self.rounds

    @property
    def calm_s(self) -> float:
        """How long the gateway works before each outage, and after it while buyers come."""
        return (self.round_s - self.outage_s) / 2

    @property
    def stampers(self) -> int:
        """Accounts that have bought enough for all stamps together."""
        if not self.stamps_rate:
            return 0
        stamps = self.stamps_rate * (self.seconds + self.rounds * _CLEAR_S + _WARM_UP_S)
        return max(_FEWEST_STAMPERS, math.ceil(stamps / STOCK))


async def run_payments(plan: Plan, *, folder: Path, says: Says) -> Report:
    """Carry out `plan` on a new service in `folder`; wait until all that was paid is credited; compare."""
    says(0.0, "starting")
    async with running(folder / "data") as service:
        buyers = Buyers(service.url, await _keys(service, _ACCOUNTS), seed=plan.seed)
        async with _stamping(service, buyers, plan) as stampers:
            rounds = [
                await _round(service, buyers, plan, told=partial(_tell, says, plan, no))
                for no in range(plan.rounds)
            ]
        buyers.close()
        says(0.9, "comparing")
        out = [one for one in rounds if one is not None]
        books = await _compared(service, [one.outage for one in out])
    says(1.0, "done")
    return Report(
        seed=plan.seed,
        seconds=plan.seconds,
        rate=plan.rate,
        outage_s=plan.outage_s,
        rounds=out,
        stamps_rate=plan.stamps_rate,
        stampers=stampers,
        buyers=buyers,
        books=books,
    )


async def _compared(service: Service, outages: Sequence[Outage]) -> Compared:
    """The two books, once all that was paid is credited; or, when it is not by then, as they are."""
    latest_at = time.monotonic() + LATEST_S
    async with await Database.open(service.run.databases[APP], size=1) as db:
        while True:
            books = compare(read_till(service.data), await read_credits(db), outages)
            if not books.uncredited or time.monotonic() >= latest_at:
                return books
            await asyncio.sleep(_LOOK_S)


def _tell(says: Says, plan: Plan, no: int, share: float) -> None:
    """How far it all is, `share` of the buyers of round `no` (from 0) having come."""
    says(0.9 * (no + share) / plan.rounds, f"buying, round {no + 1} of {plan.rounds}")


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
    await asyncio.gather(*(buyers.buy(key, buyers.wish(STOCK)) for key in stampers.keys))
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(stampers.come(rate=plan.stamps_rate, is_over=is_over.is_set))
        await asyncio.sleep(_WARM_UP_S)
        try:
            yield stampers
        finally:
            is_over.set()
    stampers.close()


async def _round(
    service: Service, buyers: Buyers, plan: Plan, *, told: Callable[[float], None]
) -> Round | None:
    """Buyers come through calm, outage and calm; returns when nobody waits any more, or for too long.

    So the next round's calm begins with no more under way than this one's did. None: there was no outage.
    """
    script = msgspec.structs.replace(_FAULTS, seed=plan.seed, lose=plan.lose)
    await follow(service, script)
    calm_at = time.monotonic()
    coming = asyncio.create_task(buyers.come(rate=plan.rate, seconds=plan.round_s, told=told))
    out = await _outage(service, script, plan) if plan.outage_s else None
    await asyncio.wait({coming}, timeout=calm_at + plan.round_s + _CLEAR_S - time.monotonic())
    clear_at = time.monotonic() if coming.done() else None
    await _ended(coming)
    if out is None:
        return None
    out_at, outage = out
    back_at = out_at + plan.outage_s
    return Round(calm_at=calm_at, out_at=out_at, back_at=back_at, clear_at=clear_at, outage=outage)


async def _outage(service: Service, script: Script, plan: Plan) -> tuple[float, Outage]:
    """The gateway is out of order after the calm; since when, by the monotonic clock and the wall's."""
    await asyncio.sleep(plan.calm_s)
    out_at, since = time.monotonic(), datetime.now(UTC)
    await follow(service, msgspec.structs.replace(script, outage_s=plan.outage_s))
    return out_at, Outage(since, datetime.now(UTC) + timedelta(seconds=plan.outage_s))


async def _ended(coming: asyncio.Task[None]) -> None:
    """Buyers who still wait are sent home: the books tell what they missed."""
    if not coming.done():
        coming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await coming
