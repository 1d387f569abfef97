"""The three-way match: our payments and refunds, what their gateways settle, and what banks say has moved.

Nothing is booked here. Whatever is in one place and not in the others goes on the unmatched list, once
however often a file is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time
from functools import partial
from hashlib import blake2b
from typing import Final

from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.beside import beside
from bubuh.orders.match_banks import Banks, Payout
from bubuh.orders.match_returns import Returns
from bubuh.orders.matched import Differences, Matched
from bubuh.orders.store import Settled
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import shard_of_reference
from bubuh.payments.settlement import BankLine, GatewayLine, SettlementFile, SettlementTooLong

MOST_LINES: Final = 2_000_000  #: in one run; some 100 bytes of memory are kept for each
MOST_BANK_LINES: Final = 200_000
_AT_ONCE: Final = 5_000  #: lines held against the database together

Told = Callable[[int], None]  #: so many lines are done
Span = tuple[datetime, datetime]  #: both in it


async def match_settlement(
    db: Database, files: Sequence[SettlementFile], *, told: Told = lambda _lines: None
) -> Matched:
    """Match `files` of gateways and banks, in any order; list every difference.

    Payments and refunds of ours are missed where a gateway's files span the time they were made at. Payouts
    are looked for, and lines of banks have to be explained, only where both a gateway's file and a bank's
    are given.

    Raises:
        SettlementUnreadable: a line cannot be read.
        SettlementTooLong: more than MOST_LINES, or more than MOST_BANK_LINES of banks.
    """
    return await _Match(db, told).run(files)


class _Match:
    """One run. Memory grows by a hash a line, by payouts and by lines of banks, each limited."""

    def __init__(self, db: Database, told: Told) -> None:
        self._db = db
        self._told = told
        self._matched = Matched()
        self._differences = Differences(db, self._matched)
        self._returns = Returns(db, self._matched, self._differences)
        self._seen: set[bytes] = set()  # payments that a line was for
        self._paid: dict[str, Span] = {}  # by gateway: when the payments of its files were made
        self._moved: dict[str, Span] = {}  # the same of all its lines
        self._payouts: dict[tuple[str, str], Payout] = defaultdict(Payout)
        self._bank: list[BankLine] = []

    async def run(self, files: Sequence[SettlementFile]) -> Matched:
        for file in files:
            for batch in _batches(self._own(file)):
                await self._match(batch)
                self._told(self._matched.lines)
        if self._bank:
            banks = Banks(self._db, self._matched, self._differences, self._returns)
            await banks.match(self._payouts, self._bank)
        await self._miss()
        await self._differences.flush()
        return self._matched

    def _own(self, file: SettlementFile) -> Iterator[GatewayLine]:
        """The file's lines of gateways; those of banks are kept."""
        for line in file.lines():
            self._matched.lines += 1
            if self._matched.lines > MOST_LINES:
                raise SettlementTooLong(most=MOST_LINES)
            if isinstance(line, GatewayLine):
                yield line
                continue
            _widen(self._moved, line.bank, datetime.combine(line.booked_on, time.min, UTC))
            self._bank.append(line)
            if len(self._bank) > MOST_BANK_LINES:
                raise SettlementTooLong(most=MOST_BANK_LINES)

    async def _match(self, lines: Sequence[GatewayLine]) -> None:
        """Hold lines against our payments."""
        for line in lines:
            payout = self._payouts[line.gateway, line.payout]
            payout.net_idr += line.net_idr
            payout.latest = max(payout.latest, line.paid_at.date())
            _widen(self._moved, line.gateway, line.paid_at)
            if line.amount_idr > 0:
                _widen(self._paid, line.gateway, line.paid_at)
        await self._returns.match(line for line in lines if line.amount_idr < 0)
        came, find = (line for line in lines if line.amount_idr > 0), partial(store.list_settled, self._db)
        known = beside(came, shard_of=shard_of_reference, find=find, number_of=lambda row: row.reference)
        async for line, ours in known:
            self._hold(line, ours)
        await self._differences.flush()

    def _hold(self, line: GatewayLine, ours: Sequence[Settled]) -> None:
        """One line against what we have by its reference."""
        paid = [one for one in ours if one.payment_no is not None]
        same = [one for one in paid if one.amount_idr == line.amount_idr]
        fresh = next((one for one in same if _key(line.gateway, one) not in self._seen), None)
        if fresh is not None:
            self._seen.add(_key(line.gateway, fresh))
            self._matched.matched += 1
        elif same:
            self._differences.add_line(
                Kind.SETTLEMENT_DOUBLED,
                line,
                ours,
                why="settled more than once",
                suggestion="ask the gateway which line is right",
            )
        elif paid:
            told = ", ".join(str(one.amount_idr) for one in paid)
            self._seen.update(_key(line.gateway, one) for one in paid)
            self._differences.add_line(
                Kind.SETTLEMENT_DIFFERS,
                line,
                ours,
                why=f"we were told {told}",
                suggestion="ask the gateway for the payment's amount",
            )
        else:
            self._differences.add_line(
                Kind.SETTLEMENT_UNKNOWN,
                line,
                ours,
                why="an order of ours, not paid" if ours else "no order of ours",
                suggestion="ask the gateway about the reference, then credit",
            )

    async def _miss(self) -> None:
        """What is ours and no line is for, within what the files span."""
        for gateway, (first, last) in sorted(self._paid.items()):
            for shard in ALL_SHARDS:
                for row in await store.list_paid_between(self._db, shard, gateway, since=first, until=last):
                    if _key(gateway, row) not in self._seen:
                        self._differences.add(_missing(gateway, row))
                await self._differences.flush()
        for gateway, (first, last) in sorted(self._moved.items()):
            await self._returns.miss(gateway, since=first, until=last)


def _widen(spans: dict[str, Span], name: str, moment: datetime) -> None:
    first, last = spans.get(name, (moment, moment))
    spans[name] = min(first, moment), max(last, moment)


def _batches(lines: Iterator[GatewayLine]) -> Iterator[list[GatewayLine]]:
    batch: list[GatewayLine] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _key(gateway: str, payment: Settled) -> bytes:
    text = f"{gateway}|{payment.reference}|{payment.payment_no}"
    return blake2b(text.encode(), digest_size=16).digest()


def _missing(gateway: str, row: Settled) -> Unmatched:
    return Unmatched(
        kind=Kind.SETTLEMENT_MISSING,
        gateway=gateway,
        subject=f"{row.reference}:{row.payment_no}",
        why="a payment of ours that is in no settlement file of its time",
        suggestion="look into the next file, then ask the gateway",
        account_id=row.account_id,
        order_id=row.order_id,
        reference=row.reference,
        amount=row.amount_idr,
    )
