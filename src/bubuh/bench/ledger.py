"""What the ledger does a second: held and captured stamps, in batches and one by one, in one run.

It runs on a PostgreSQL of its own with the settings of the service: every commit is on disk.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bubuh.bench.spent import cpu_s_of
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import Batch, OneByOne
from bubuh.db.local import LocalPostgres
from bubuh.db.migrate import migrate
from bubuh.db.pool import Database, connect
from bubuh.db.roles import APP, OWNER
from bubuh.db.self_clocked import SelfClocked
from bubuh.quota import store
from bubuh.quota.model import Outcome, Purpose, Result, Sink, Source, WantedAllotment, WantedEnd, WantedHold

USERS: Final = 1_000
BATCH: Final = 100  #: of the CPU figure
_POOL: Final = 32
_ACCOUNTS: Final = 2_000
_ENOUGH: Final = 10_000_000  #: stamps an account gets
_SEED: Final = 2711

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Rate:
    """Stamps a second, each held and captured, how long a user waited for both, and what a stamp cost.

    The cost tells the ways apart on a machine whose neighbours are busy, where the rate tells of them.
    """

    stamps_per_s: float
    p50_ms: float
    p99_ms: float
    client_us: float  #: of processor time, for a stamp: ours
    server_us: float  #: the server's

    def facts(self) -> dict[str, float]:
        """As the report shows it."""
        return {
            "stamps_per_s": round(self.stamps_per_s, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "client_us_per_stamp": round(self.client_us, 1),
            "server_us_per_stamp": round(self.server_us, 1),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What the run showed."""

    batched: Rate
    single: Rate
    one_user_batched_ms: float
    one_user_single_ms: float
    hot_account: Rate
    cpu_us_per_stamp: float

    def facts(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "batched": self.batched.facts(),
            "single": self.single.facts(),
            "one_user": {
                "batched_ms": round(self.one_user_batched_ms, 3),
                "single_ms": round(self.one_user_single_ms, 3),
            },
            "hot_account": self.hot_account.facts(),
            "cpu_us_per_stamp": round(self.cpu_us_per_stamp, 1),
            "users": USERS,
        }


@dataclass(frozen=True, slots=True)
class _Desk:
    """Both acts of a stamp, by one way."""

    hold: Batch[WantedHold, Result]
    capture: Batch[WantedEnd, Result]

    @classmethod
    def batched(cls, db: Database) -> _Desk:
        return cls(
            SelfClocked.over(db, _HOLD_N, name="bench_hold", key=lambda wanted: wanted.id),
            SelfClocked.over(db, _CAPTURE_N, name="bench_capture", key=lambda wanted: wanted.id),
        )

    @classmethod
    def single(cls, db: Database) -> _Desk:
        return cls(OneByOne(db, _HOLD_N), OneByOne(db, _CAPTURE_N))

    async def stamp(self, account_id: AccountId) -> None:
        """Hold one and capture it."""
        shard, hold_id = shard_of_account(account_id), fresh_id(account_id)
        held = await self.hold.submit(
            shard, WantedHold(id=hold_id, account_id=account_id, stamps=1, actor="bench")
        )
        used = await self.capture.submit(shard, WantedEnd(id=hold_id, account_id=account_id, actor="bench"))
        assert held.outcome is used.outcome is Outcome.DONE, f"{held.outcome}, {used.outcome}"


_HOLD_N: Final = store.holding(Purpose.REFUND)
_CAPTURE_N: Final = store.capturing(Sink.PAID_BACK)


def measure_ledger(*, seconds: float, told: Told = lambda _share: None) -> Report:
    """Each way for a share of `seconds`, on a cluster that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="bubuh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        postgres = LocalPostgres(Path(folder)).start()
        try:
            return asyncio.run(_measured(postgres, seconds=seconds, told=told))
        finally:
            postgres.stop()


async def _measured(postgres: LocalPostgres, *, seconds: float, told: Told) -> Report:
    owner = await connect(postgres.dsn(OWNER), role_checks=False)
    await migrate(owner)
    await owner.close()
    async with await Database.open(postgres.dsn(APP), size=_POOL, acquire_timeout_s=60.0) as db:
        accounts = await _filled_accounts(db)
        rng = random.Random(_SEED)
        anyone, same = partial(rng.choice, accounts), lambda: accounts[0]
        batched, single, share = _Desk.batched(db), _Desk.single(db), seconds / 6
        drive = partial(_drive, postgres, users=USERS)
        await drive(batched, anyone, seconds=share / 4)  # connections, plans, pages
        told(0.1)
        many = await drive(batched, anyone, seconds=share)
        told(0.3)
        one_each = await drive(single, anyone, seconds=share)
        told(0.5)
        alone_batched, alone_single = await _alone(batched, single, anyone, seconds=share)
        told(0.7)
        hot = await drive(batched, same, seconds=share)
        told(0.9)
        cpu_us = await _cpu_us(db, postgres, accounts, seconds=share)
        told(1.0)
    return Report(many, one_each, alone_batched, alone_single, hot, cpu_us)


async def _filled_accounts(db: Database) -> Sequence[AccountId]:
    accounts = [fresh_account_id() for _ in range(_ACCOUNTS)]
    by_shard: dict[Shard, list[AccountId]] = {}
    for account_id in accounts:
        by_shard.setdefault(shard_of_account(account_id), []).append(account_id)
    for shard, its in by_shard.items():
        wanted = [
            WantedAllotment(
                ref=fresh_id(one), account_id=one, stamps=_ENOUGH, source=Source.MINTED, actor="bench"
            )
            for one in its
        ]
        results = await store.allot_n(db, shard, wanted)
        assert all(result.outcome is Outcome.DONE for result in results)
    return accounts


async def _drive(
    postgres: LocalPostgres, desk: _Desk, whose: Callable[[], AccountId], *, users: int, seconds: float
) -> Rate:
    """`users` at once, each stamping again as soon as it has stamped."""
    end = time.monotonic() + seconds
    waits_ms: list[float] = []

    async def user() -> None:
        while (begun := time.monotonic()) < end:
            await desk.stamp(whose())
            waits_ms.append((time.monotonic() - begun) * 1e3)

    begun, client_s, server_s = time.monotonic(), time.process_time(), cpu_s_of(postgres.pid)
    await asyncio.gather(*(user() for _ in range(users)))
    elapsed_s, stamps = time.monotonic() - begun, len(waits_ms)
    client_us, server_us = (
        spent / stamps * 1e6 for spent in (time.process_time() - client_s, cpu_s_of(postgres.pid) - server_s)
    )
    cuts = statistics.quantiles(waits_ms, n=100, method="inclusive")
    return Rate(stamps / elapsed_s, cuts[49], cuts[98], client_us, server_us)


async def _alone(
    batched: _Desk, single: _Desk, whose: Callable[[], AccountId], *, seconds: float
) -> tuple[float, float]:
    """Median milliseconds of a stamp for one user, each way in turn so that a busy moment falls on both."""
    end = time.monotonic() + seconds
    waits_ms: tuple[list[float], list[float]] = ([], [])
    while time.monotonic() < end:
        for desk, its in zip((batched, single), waits_ms, strict=True):
            begun = time.monotonic()
            await desk.stamp(whose())
            its.append((time.monotonic() - begun) * 1e3)
    return statistics.median(waits_ms[0]), statistics.median(waits_ms[1])


async def _cpu_us(
    db: Database, postgres: LocalPostgres, accounts: Sequence[AccountId], *, seconds: float
) -> float:
    """CPU microseconds a stamp, ours and the server's, in batches of `BATCH` of one shard."""
    shard = shard_of_account(accounts[0])
    mine = [account_id for account_id in accounts if shard_of_account(account_id) == shard]
    rng, end, stamps = random.Random(_SEED), time.monotonic() + seconds, 0
    begun_s = time.process_time() + cpu_s_of(postgres.pid)
    while time.monotonic() < end:
        ids = [(fresh_id(one), one) for one in rng.choices(mine, k=BATCH)]
        holds = [WantedHold(id=hold, account_id=one, stamps=1, actor="bench") for hold, one in ids]
        ends = [WantedEnd(id=hold, account_id=one, actor="bench") for hold, one in ids]
        await _done(_HOLD_N(db, shard, holds))
        await _done(_CAPTURE_N(db, shard, ends))
        stamps += BATCH
    return (time.process_time() + cpu_s_of(postgres.pid) - begun_s) / stamps * 1e6


async def _done(results: Awaitable[list[Result]]) -> None:
    assert all(result.outcome is Outcome.DONE for result in await results)
