"""The three-way match of a month: files of a gateway and of a bank, with lines of refunds, against our books.

It runs on a PostgreSQL of its own. Orders are placed, paid and given back by the service's own acts; the
files are written from what these did, with differences put in on purpose, all of which have to be found.
"""

from __future__ import annotations

import asyncio
import csv
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from bubuh.adapters.gateway_calls import WIB
from bubuh.adapters.settlement.files import open_settlement
from bubuh.adapters.settlement.profile import read_profiles
from bubuh.bench.spent import cpu_s_of
from bubuh.core.ids import AccountId, fresh_account_id, fresh_id, show_id
from bubuh.core.money import price_idr
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.local import LocalPostgres
from bubuh.db.migrate import migrate
from bubuh.db.pool import Database, connect
from bubuh.db.roles import APP, OWNER
from bubuh.orders import store as orders
from bubuh.orders.match_settlement import match_settlement
from bubuh.orders.model import VALID_S, NewOrder, WantedOrder
from bubuh.orders.settle import settle
from bubuh.payments.lines import Kind
from bubuh.payments.model import REFUND, Method, ReceivedPayment, SettleOutcome, reference_of
from bubuh.refunds import store as refunds
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.model import AskedRefund

LEAST_LINES: Final = 1_000
_ACCOUNTS: Final = 1_000
_STAMPS: Final = 3  #: of each order
_DAYS: Final = 30
_REFUNDS: Final = 20  #: one in so many of a gateway's lines is of money given back
_PLANTED: Final = 2_000  #: one in so many lines is a difference of one kind, for each kind
_AT_ONCE: Final = 2_000  #: orders placed and paid together
_ASKING: Final = 16  #: refunds asked for at once
_FEE_IDR: Final = 210
_GATEWAY: Final = "midtrans"
_COLUMNS: Final = (
    "Order ID",
    "Transaction time",
    "Transaction status",
    "Payment Type",
    "Amount",
    "Net Amount",
    "Settlement Date",
)

Told = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many of what make up the lines."""

    payments: int
    refunds: int
    planted: int  #: of each kind of difference

    @classmethod
    def of(cls, lines: int) -> Sizes:
        """For `lines` in both files: each day that payments were made on has two at the bank."""
        ours = lines - 2 * (_DAYS + 1)
        planted = max(1, lines // _PLANTED)
        returned = ours // _REFUNDS
        # of what is planted, three kinds add lines and one leaves some out
        return cls(payments=ours - returned - 2 * planted, refunds=returned, planted=planted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the run showed."""

    lines: int
    refunds: int
    elapsed_s: float
    own_s: float  #: processor time of the command's own
    postgres_s: float  #: and of its server
    grown_mib: float  #: what the command's memory grew by
    planted: Mapping[str, int]
    found: Mapping[str, int]

    @property
    def is_right(self) -> bool:
        """Whether just those differences were found that had been put in."""
        return self.found == self.planted

    def facts(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "lines": self.lines,
            "refund_lines": self.refunds,
            "elapsed_s": round(self.elapsed_s, 2),
            "lines_per_s": round(self.lines / self.elapsed_s),
            "own_cpu_s": round(self.own_s, 2),
            "postgres_cpu_s": round(self.postgres_s, 2),
            "grown_mib": round(self.grown_mib, 1),
            "planted": dict(sorted(self.planted.items())),
            "found": dict(sorted(self.found.items())),
            "is_right": self.is_right,
        }


@dataclass(frozen=True, slots=True)
class _Paid:
    """An order that was paid."""

    account_id: AccountId
    order_id: UUID
    paid_at: datetime

    @property
    def row(self) -> _Row:
        return _Row(reference_of(self.order_id), self.paid_at, price_idr(_STAMPS), _FEE_IDR)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the gateway's file; less than nothing: given back."""

    reference: str
    at: datetime
    amount_idr: int
    fee_idr: int = 0

    @property
    def payout(self) -> str:
        return self.at.astimezone(WIB).date().isoformat()

    @property
    def net_idr(self) -> int:
        return self.amount_idr - self.fee_idr

    def columns(self) -> Sequence[object]:
        status = "settlement" if self.amount_idr > 0 else "refund"
        at = self.at.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")
        return self.reference, at, status, "qris", abs(self.amount_idr), self.net_idr, self.payout


def measure_settlement(*, lines: int, told: Told = lambda _share: None) -> Report:
    """Match `lines` lines, at least LEAST_LINES, on a cluster that is thrown away afterwards."""
    assert lines >= LEAST_LINES
    with tempfile.TemporaryDirectory(prefix="bubuh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        postgres = LocalPostgres(Path(folder)).start()
        try:
            return asyncio.run(_measured(postgres, Path(folder), lines=lines, told=told))
        finally:
            postgres.stop()


async def _measured(postgres: LocalPostgres, folder: Path, *, lines: int, told: Told) -> Report:
    owner = await connect(postgres.dsn(OWNER), role_checks=False)
    await migrate(owner)
    await owner.close()
    sizes, now = Sizes.of(lines), datetime.now(UTC).replace(microsecond=0)
    async with await Database.open(postgres.dsn(APP), size=_ASKING, acquire_timeout_s=60.0) as db:
        paid = await _buy(db, sizes.payments, now=now, told=lambda share: told(0.6 * share))
        told(0.6)
        returned = await _give_back(db, paid[: sizes.refunds], now=now)
        told(0.7)
        rows, planted = _with_differences([one.row for one in paid], returned, count=sizes.planted)
        files = _write(folder, rows)
        forms = read_profiles()
        before, begun = _spent(postgres), time.monotonic()
        matched = await match_settlement(
            db,
            [open_settlement(path, forms) for path in files],
            told=lambda done: told(0.7 + 0.3 * min(1.0, done / lines)),
        )
        elapsed_s, after = time.monotonic() - begun, _spent(postgres)
    own_s, postgres_s, grown_mib = (late - early for early, late in zip(before, after, strict=True))
    return Report(
        lines=matched.lines,
        refunds=sizes.refunds + sizes.planted,
        elapsed_s=elapsed_s,
        own_s=own_s,
        postgres_s=postgres_s,
        grown_mib=grown_mib,
        planted=planted,
        found=matched.differences,
    )


async def _buy(db: Database, count: int, *, now: datetime, told: Told) -> Sequence[_Paid]:
    """`count` orders, paid at even distances over the days before `now`."""
    accounts = [fresh_account_id() for _ in range(_ACCOUNTS)]
    first = now - timedelta(days=_DAYS)
    step = timedelta(days=_DAYS) / count
    paid = list[_Paid]()
    while len(paid) < count:
        some = [
            _Paid(
                accounts[no % _ACCOUNTS],
                fresh_id(accounts[no % _ACCOUNTS]),
                (first + no * step).replace(microsecond=0),
            )
            for no in range(len(paid), min(len(paid) + _AT_ONCE, count))
        ]
        await _place(db, some)
        outcomes = await settle(db, [_payment(one) for one in some])
        assert set(outcomes) == {SettleOutcome.DONE}
        paid += some
        told(len(paid) / count)
    return paid


async def _place(db: Database, some: Sequence[_Paid]) -> None:
    by_shard = defaultdict(list)
    for one in some:
        new = NewOrder(
            id=one.order_id,
            account_id=one.account_id,
            actor="bench",
            wanted=WantedOrder(stamps=_STAMPS, method=Method.QRIS),
            gateway=_GATEWAY,
            valid_s=VALID_S,
        )
        by_shard[new.shard].append(new)
    for shard, its in by_shard.items():
        assert all(placed.outcome == "done" for placed in await orders.place_n(db, shard, its))


def _payment(one: _Paid) -> ReceivedPayment:
    return ReceivedPayment(
        account_id=one.account_id,
        order_id=one.order_id,
        gateway=_GATEWAY,
        payment_no=f"pay_{one.order_id.hex}",
        amount_idr=price_idr(_STAMPS),
        paid_at=one.paid_at,
    )


async def _give_back(db: Database, some: Sequence[_Paid], *, now: datetime) -> list[_Row]:
    """A stamp of each order goes back, said by the gateway to be done `now`; its lines, by either number."""
    numbers = list[str]()
    for group in _groups(some, _ASKING):
        numbers += await asyncio.gather(*(_ask(db, one) for one in group))
    async with db.connection() as conn:
        for shard in ALL_SHARDS:
            for due in await refunds.take_due_n(conn, shard, resting=[], at_most=len(some)):
                assert await refunds.record_word(db, due, word="done", why=None) == "done"
    return [
        _Row(number if no % 2 else one.row.reference, now, -price_idr(1))
        for no, (one, number) in enumerate(zip(some, numbers, strict=True))
    ]


async def _ask(db: Database, one: _Paid) -> str:
    """The refund's number."""
    refund_id = fresh_id(one.account_id)
    asked = AskedRefund(
        order_id=one.order_id, stamps=1, refundable_idr=price_idr(_STAMPS), reason="tidak jadi dipakai"
    )
    await ask_refund(
        db, asked, refund_id=refund_id, account_id=one.account_id, limit_idr=10**9, actor="bench"
    )
    return show_id(REFUND, refund_id)


def _with_differences(
    paid: Sequence[_Row], returned: Sequence[_Row], *, count: int
) -> tuple[list[_Row], dict[str, int]]:
    """The lines of a file that is wrong in `count` places of each kind; how many that are."""
    middle = len(paid) // 2
    missing, differing, doubled, never = (
        paid[middle + part * count : middle + (part + 1) * count] for part in range(4)
    )
    altered = set(missing) | set(differing)
    rows = [row for row in paid if row not in altered]
    rows += [_Row(row.reference, row.at, row.amount_idr + 1, row.fee_idr) for row in differing]
    rows += doubled
    rows += [_Row(f"INV/{no}", row.at, row.amount_idr, row.fee_idr) for no, row in enumerate(doubled)]
    rows += returned
    rows += [_Row(row.reference, returned[0].at, -price_idr(1)) for row in never]
    kinds = (
        Kind.SETTLEMENT_MISSING,
        Kind.SETTLEMENT_DIFFERS,
        Kind.SETTLEMENT_DOUBLED,
        Kind.SETTLEMENT_UNKNOWN,
        Kind.RETURN_UNKNOWN,
    )
    return rows, {str(kind): count for kind in kinds}


def _write(folder: Path, rows: Sequence[_Row]) -> tuple[Path, Path]:
    """The gateway's file and the bank's, which has a line for each payout and one for its fee."""
    gateway, bank = folder / "midtrans.csv", folder / "bank.csv"
    net: defaultdict[str, int] = defaultdict(int)
    with gateway.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(_COLUMNS)
        for row in rows:
            lines.writerow(row.columns())
            net[row.payout] += row.net_idr
    with bank.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("Amount", "Date", "Description", "Number"))
        for no, (day, amount_idr) in enumerate(sorted(net.items())):
            lines.writerow((amount_idr, day, f"TRF MIDTRANS {day}", 2 * no))
            lines.writerow((-5_000, day, "BIAYA ADM", 2 * no + 1))
    return gateway, bank


def _spent(postgres: LocalPostgres) -> tuple[float, float, float]:
    """Processor seconds of this process, of the server; MiB that this process had at most."""
    most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.process_time(), cpu_s_of(postgres.pid), most_kib / 1024


def _groups(some: Sequence[_Paid], size: int) -> Iterator[Sequence[_Paid]]:
    for start in range(0, len(some), size):
        yield some[start : start + size]
