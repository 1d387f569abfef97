"""The three-way match: our payments, what their gateways settle, and what banks say has come.

Nothing is booked here. Whatever is in one place and not in the others goes on the unmatched list, once
however often a file is read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Final

from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.store import Settled
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import shard_of_reference
from bubuh.payments.settlement import BankLine, GatewayLine, SettlementFile, SettlementTooLong
from bubuh.payments.unmatched import list_unmatched

MOST_LINES: Final = 2_000_000  #: in one run; some 100 bytes of memory are kept for each
MOST_BANK_LINES: Final = 200_000
_AT_ONCE: Final = 5_000  #: lines held against the database together
_BANKED_WITHIN: Final = timedelta(days=5)  #: a payout is on the account by then
_LISTED_AT_ONCE: Final = 500

Told = Callable[[int], None]  #: so many lines are done


@dataclass(slots=True)
class Payout:
    """What a gateway says it pays us at once."""

    net_idr: int = 0
    latest: date = date.min


@dataclass(slots=True)
class Matched:
    """What a run found."""

    lines: int = 0
    matched: int = 0  #: lines that fit a payment of ours, to the rupiah
    returned: int = 0  #: lines of money given back
    banked: int = 0  #: payouts that are on the bank's statement
    differences: Counter[str] = field(default_factory=Counter)  #: by kind
    new: int = 0  #: differences that were not on the list before

    @property
    def agrees(self) -> bool:
        """Whether there is no difference, new or old."""
        return not self.differences

    def facts(self) -> dict[str, object]:
        """As one JSON object."""
        return {
            "lines": self.lines,
            "matched": self.matched,
            "returned": self.returned,
            "banked": self.banked,
            "differences": dict(sorted(self.differences.items())),
            "new": self.new,
        }


async def match_settlement(
    db: Database, files: Sequence[SettlementFile], *, told: Told = lambda _lines: None
) -> Matched:
    """Match `files` of gateways and banks, in any order; list every difference.

    Payments of ours are missed where a gateway's files span the time they were made at. Banks are asked
    about only where both a gateway's file and a bank's are given.

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
        self._found: list[Unmatched] = []
        self._seen: set[bytes] = set()  # payments that a line was for
        self._spans: dict[str, tuple[datetime, datetime]] = {}
        self._payouts: dict[tuple[str, str], Payout] = defaultdict(Payout)
        self._bank: list[BankLine] = []

    async def run(self, files: Sequence[SettlementFile]) -> Matched:
        for file in files:
            for batch in _batches(self._own(file)):
                await self._match(batch)
                self._told(self._matched.lines)
        await self._miss()
        if self._payouts and self._bank:
            await self._match_banks()
        await self._list()
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
            self._bank.append(line)
            if len(self._bank) > MOST_BANK_LINES:
                raise SettlementTooLong(most=MOST_BANK_LINES)

    async def _match(self, lines: Sequence[GatewayLine]) -> None:
        """Hold lines against our payments, a gateway and shard at a time."""
        groups: dict[tuple[str, Shard | None], list[GatewayLine]] = defaultdict(list)
        for line in lines:
            payout = self._payouts[line.gateway, line.payout]
            payout.net_idr += line.net_idr
            payout.latest = max(payout.latest, line.paid_at.date())
            if line.amount_idr <= 0:
                self._matched.returned += 1
                continue
            first, last = self._spans.get(line.gateway, (line.paid_at, line.paid_at))
            self._spans[line.gateway] = min(first, line.paid_at), max(last, line.paid_at)
            groups[line.gateway, shard_of_reference(line.reference)].append(line)
        for (gateway, shard), group in groups.items():
            known: dict[str, list[Settled]] = defaultdict(list)
            if shard is not None:
                references = sorted({line.reference for line in group})
                for row in await store.list_settled(self._db, shard, gateway, references):
                    known[row.reference].append(row)
            for line in group:
                self._hold(line, known.get(line.reference, []))
        await self._list()

    def _hold(self, line: GatewayLine, ours: Sequence[Settled]) -> None:
        """One line against what we have by its reference."""
        paid = [one for one in ours if one.payment_no is not None]
        same = [one for one in paid if one.amount_idr == line.amount_idr]
        fresh = next((one for one in same if _key(line.gateway, one) not in self._seen), None)
        if fresh is not None:
            self._seen.add(_key(line.gateway, fresh))
            self._matched.matched += 1
        elif same:
            self._differ(
                Kind.SETTLEMENT_DOUBLED,
                line,
                ours,
                "settled more than once",
                "ask the gateway which line is right",
            )
        elif paid:
            told = ", ".join(str(one.amount_idr) for one in paid)
            self._seen.update(_key(line.gateway, one) for one in paid)
            self._differ(
                Kind.SETTLEMENT_DIFFERS,
                line,
                ours,
                f"we were told {told}",
                "ask the gateway for the payment's amount",
            )
        else:
            known = "an order of ours, not paid" if ours else "no order of ours"
            self._differ(
                Kind.SETTLEMENT_UNKNOWN, line, ours, known, "ask the gateway about the reference, then credit"
            )

    def _differ(
        self, kind: Kind, line: GatewayLine, ours: Sequence[Settled], why: str, suggestion: str
    ) -> None:
        owner = ours[0] if ours else None
        self._find(
            Unmatched(
                kind=kind,
                gateway=line.gateway,
                subject=f"{line.reference}:{line.amount_idr}",
                why=why,
                suggestion=suggestion,
                account_id=None if owner is None else owner.account_id,
                order_id=None if owner is None else owner.order_id,
                reference=line.reference,
                amount=line.amount_idr,
            )
        )

    async def _miss(self) -> None:
        """Payments of ours that no line is for, within what the files span."""
        for gateway, (first, last) in sorted(self._spans.items()):
            for shard in ALL_SHARDS:
                for row in await store.list_paid_between(self._db, shard, gateway, since=first, until=last):
                    if _key(gateway, row) not in self._seen:
                        self._find(_missing(gateway, row))
                await self._list()

    async def _match_banks(self) -> None:
        """Each payout against one line that has its amount, and names it or is in time; then what is left."""
        open_lines = [line for line in self._bank if line.amount_idr > 0]
        by_amount: dict[int, list[BankLine]] = defaultdict(list)
        for line in open_lines:
            by_amount[line.amount_idr].append(line)
        taken: set[int] = set()
        for (gateway, number), payout in sorted(self._payouts.items()):
            if payout.net_idr <= 0:
                continue
            banked = _banked(number, payout, by_amount[payout.net_idr], taken)
            if banked is None:
                self._find(_not_banked(gateway, number, payout))
            else:
                taken.add(id(banked))
                self._matched.banked += 1
        for line in open_lines:
            if id(line) not in taken:
                self._find(_unexplained(line))
            if len(self._found) >= _LISTED_AT_ONCE:
                await self._list()

    def _find(self, difference: Unmatched) -> None:
        self._matched.differences[str(difference.kind)] += 1
        self._found.append(difference)

    async def _list(self) -> None:
        found, self._found = self._found, []
        for start in range(0, len(found), _LISTED_AT_ONCE):
            self._matched.new += await list_unmatched(self._db, found[start : start + _LISTED_AT_ONCE])


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


def _banked(number: str, payout: Payout, lines: Sequence[BankLine], taken: set[int]) -> BankLine | None:
    """The line of a payout among those of its amount: one that names it, else the first in time."""
    free = [line for line in lines if id(line) not in taken]
    named = next((line for line in free if number in line.words), None)
    until = payout.latest + _BANKED_WITHIN
    in_time = (line for line in free if payout.latest <= line.booked_on <= until)
    return named or next(in_time, None)


def _not_banked(gateway: str, number: str, payout: Payout) -> Unmatched:
    return Unmatched(
        kind=Kind.BANK_MISSING,
        gateway=gateway,
        subject=f"payout {number}",
        why="settled by the gateway, and not on the account",
        suggestion="look into the bank's next statement, then ask the gateway",
        amount=payout.net_idr,
    )


def _unexplained(line: BankLine) -> Unmatched:
    return Unmatched(
        kind=Kind.BANK_UNKNOWN,
        gateway=line.bank,
        subject=f"{line.booked_on.isoformat()} {line.number}",
        why="money on the account that no settlement explains",
        suggestion="find its sender by the bank's statement",
        amount=line.amount_idr,
    )
