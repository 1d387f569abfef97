"""What gateways say they pay us, and what we gave back, against the statement of a bank."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bubuh.core.ids import MalformedId, read_id
from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.match_returns import Returns
from bubuh.orders.matched import LISTED_AT_ONCE, Differences, Matched
from bubuh.orders.store import Returned
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import REFUND
from bubuh.payments.settlement import BankLine

BANKED_WITHIN: Final = timedelta(days=5)  #: a payout is on the account by then
_NO_SIGN: Final = re.compile(r"[^0-9A-Z]")
_NUMBER: Final = re.compile(rf"(?={REFUND.upper()}([0-9A-Z]{{26}}))")

Payouts = Mapping[tuple[str, str], "Payout"]  #: by gateway and its number


@dataclass(slots=True)
class Payout:
    """What a gateway says it pays us at once; less than nothing: what it takes from the account."""

    net_idr: int = 0
    latest: date = date.min


class Banks:
    """One statement, or many, against payouts, and against refunds that a line names."""

    def __init__(self, db: Database, matched: Matched, differences: Differences, returns: Returns) -> None:
        self._db = db
        self._matched = matched
        self._differences = differences
        self._returns = returns
        self._taken: set[int] = set()

    async def match(self, payouts: Payouts, lines: Sequence[BankLine]) -> None:
        """Each payout against one line of its amount; then refunds by their number; then what is left.

        Without payouts only lines that name a refund have to be explained.
        """
        by_amount: dict[int, list[BankLine]] = defaultdict(list)
        for line in lines:
            by_amount[line.amount_idr].append(line)
        if payouts:
            self._match_payouts(payouts, by_amount)
        await self._match_refunds([line for line in lines if line.amount_idr < 0])
        for line in lines:
            is_explained = id(line) in self._taken or line.is_own or not line.amount_idr
            if not is_explained and (payouts or _numbers(line.words)):
                self._differences.add(_unexplained(line))
                await self._differences.flush(at_least=LISTED_AT_ONCE)

    def _match_payouts(self, payouts: Payouts, by_amount: Mapping[int, Sequence[BankLine]]) -> None:
        for (gateway, number), payout in sorted(payouts.items()):
            if not payout.net_idr:
                continue
            banked = self._banked(number, payout, by_amount.get(payout.net_idr, ()))
            if banked is None:
                self._differences.add(_not_banked(gateway, number, payout))
            else:
                self._taken.add(id(banked))
                self._matched.banked += 1

    def _banked(self, number: str, payout: Payout, lines: Sequence[BankLine]) -> BankLine | None:
        """The line of a payout among those of its amount: one that names it, else the first in time."""
        free = [line for line in lines if id(line) not in self._taken]
        named = next((line for line in free if number in line.words), None)
        until = payout.latest + BANKED_WITHIN
        in_time = (line for line in free if payout.latest <= line.booked_on <= until)
        return named or next(in_time, None)

    async def _match_refunds(self, debits: Sequence[BankLine]) -> None:
        """Money that a bank sent back itself: its line names the number that we gave the refund."""
        for line in debits:
            row = None if id(line) in self._taken else await self._named(line)
            if row is None:
                continue
            self._taken.add(id(line))
            is_first = self._returns.take(row)
            if -line.amount_idr != row.amount_idr:
                self._differences.add(_differs(line, row))
            elif is_first:
                self._matched.banked += 1
            else:
                self._differences.add(_doubled(line, row))

    async def _named(self, line: BankLine) -> Returned | None:
        """The refund that a line names, if we have it."""
        for number in _numbers(line.words):
            try:
                refund_id = read_id(REFUND, number)
            except MalformedId:
                continue
            row = await store.find_returned(self._db, refund_id)
            if row is not None:
                return row
        return None


def _numbers(words: str) -> list[str]:
    """What may be numbers of refunds: banks break them at a line's end, and write no underscore."""
    return [f"{REFUND}_{number}" for number in _NUMBER.findall(_NO_SIGN.sub("", words.upper()))]


def _not_banked(gateway: str, number: str, payout: Payout) -> Unmatched:
    is_owed = payout.net_idr > 0
    return Unmatched(
        kind=Kind.BANK_MISSING,
        gateway=gateway,
        subject=f"payout {number}",
        why="settled by the gateway, and not on the account"
        if is_owed
        else "the gateway gave back more than it took, and the account does not show that it was paid",
        suggestion="look into the bank's next statement, then ask the gateway",
        amount=abs(payout.net_idr),
    )


def _unexplained(line: BankLine) -> Unmatched:
    has_come = line.amount_idr > 0
    return Unmatched(
        kind=Kind.BANK_UNKNOWN if has_come else Kind.BANK_DEBIT_UNKNOWN,
        gateway=line.bank,
        subject=_subject(line),
        why="money on the account that no settlement explains"
        if has_come
        else "money that left the account, and no refund or settlement says why",
        suggestion="find its sender by the bank's statement"
        if has_come
        else "find who had it by the bank's statement; words of fees and the like go into the form",
        amount=abs(line.amount_idr),
    )


def _differs(line: BankLine, row: Returned) -> Unmatched:
    return _of_refund(line, row, Kind.RETURN_DIFFERS, f"the refund is of {row.amount_idr}")


def _doubled(line: BankLine, row: Returned) -> Unmatched:
    return _of_refund(line, row, Kind.RETURN_DOUBLED, "sent back more than once")


def _of_refund(line: BankLine, row: Returned, kind: Kind, why: str) -> Unmatched:
    return Unmatched(
        kind=kind,
        gateway=line.bank,
        subject=_subject(line),
        why=why,
        suggestion="ask the bank whom it sent the money",
        account_id=row.account_id,
        order_id=row.order_id,
        amount=-line.amount_idr,
    )


def _subject(line: BankLine) -> str:
    """With its amount: some banks number a day's lines alike."""
    return f"{line.booked_on.isoformat()} {line.number} {line.amount_idr}"
