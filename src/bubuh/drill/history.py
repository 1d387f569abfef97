"""The history checker: what clients were told, held against what the books say afterwards. Pure.

Every acknowledged id is present exactly once, states only move forward, each balance equals the fold of its
transfers, and what was ended was ended once. The checker believes neither side: a lost commit leaves every
invariant of the books green, and only a journal kept outside can see it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from bubuh.core.ids import read_id
from bubuh.drill.books import Books, OrderRow, StampRow
from bubuh.drill.journal import Entry, Told
from bubuh.orders import moves as orders
from bubuh.stamping import moves as stamping

_ENDED: Final = {str(state) for state, then in stamping.MOVES.items() if not then}
#: the transfers that a stamp in this state has made, each once
_STAMP_MOVES: Final[Mapping[str, frozenset[str]]] = {
    "accepted": frozenset({"hold"}),
    "processing": frozenset({"hold"}),
    "affixed": frozenset({"hold", "capture"}),
    "returned": frozenset({"hold", "release"}),
}
_FIGURES: Final = ("free", "held", "used", "in_transit")


class Kind(StrEnum):
    """What is wrong."""

    LOST = "lost"  #: acknowledged, and gone or not what it was
    DOUBLED = "doubled"  #: there twice, counted twice, or there though nobody asked
    BACKWARD = "backward"  #: a state that was seen cannot have become the one that stands
    UNRESOLVED = "unresolved"  #: begun and not ended
    UNBALANCED = "unbalanced"  #: a balance is not the fold of its transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One breach."""

    kind: Kind
    subject: str
    words: str


def check_history(told: Sequence[Entry], books: Books) -> list[Finding]:
    """Every breach of the history `told` by `books`; none when nothing was lost, doubled or left open."""
    return [
        *_present_once(told, books),
        *_one_id_a_key(told),
        *_forward(told, books),
        *_stamps_ended_once(books),
        *_orders_filled_once(told, books),
        *_documents_unchanged(told, books),
        *_balances_fold(books),
        *_serials_once(books.stamps),
    ]


def _present_once(told: Iterable[Entry], books: Books) -> Iterator[Finding]:
    """Each acknowledged id once; and no stamp that nobody was told of."""
    rows = (
        books.accounts,
        *((row.id for row in table) for table in (books.stamps, books.orders, books.documents)),
    )
    there = Counter(one for table in rows for one in table)
    acknowledged = {entry.id for entry in told}
    for one in sorted(acknowledged):
        if there[one] != 1:
            kind = Kind.LOST if there[one] == 0 else Kind.DOUBLED
            yield Finding(kind=kind, subject=one, words=f"acknowledged, and there {there[one]} times")
    for row in books.stamps:
        if row.id not in acknowledged:
            yield Finding(kind=Kind.DOUBLED, subject=row.id, words="there, and nobody was told")


def _one_id_a_key(told: Iterable[Entry]) -> Iterator[Finding]:
    ids: dict[tuple[str, Told, str], set[str]] = defaultdict(set)
    for entry in told:
        if entry.key:
            ids[entry.account, entry.told, entry.key].add(entry.id)
    for (_, what, key), found in ids.items():
        if len(found) > 1:
            yield Finding(kind=Kind.DOUBLED, subject=key, words=f"one key, {what} as {sorted(found)}")


def _forward(told: Iterable[Entry], books: Books) -> Iterator[Finding]:
    """Each state that was seen can become the next one seen, and the last one that which stands."""
    stands = {row.id: row.state for row in books.stamps} | {row.id: row.state for row in books.orders}
    seen: dict[str, list[str]] = defaultdict(list)
    for entry in told:
        if entry.told is Told.SEEN:
            seen[entry.id].append(entry.fact)
    for one, states in seen.items():
        path = [*states, *([stands[one]] if one in stands else [])]
        for before, after in pairwise(path):
            if not _leads(one, before, after):
                yield Finding(kind=Kind.BACKWARD, subject=one, words=f"{before}, then {after}")


def _leads(subject: str, before: str, after: str) -> bool:
    """Whether the arrows lead from one state to the other, in any number of steps."""
    arrows: Mapping[str, Iterable[str]] = _ARROWS[subject.partition("_")[0]]
    reached, edge = {before}, [before]
    while edge:
        more = [state for state in arrows[edge.pop()] if state not in reached]
        reached.update(more)
        edge += more
    return after in reached


_ARROWS: Final[Mapping[str, Mapping[str, Iterable[str]]]] = {
    "stm": {str(state): [str(one) for one in then] for state, then in stamping.MOVES.items()},
    "ord": {str(state): [str(one) for one in then] for state, then in orders.MOVES.items()},
}


def _stamps_ended_once(books: Books) -> Iterator[Finding]:
    moved: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for transfer in books.transfers:
        moved[transfer.account, transfer.ref][transfer.kind] += transfer.stamps
    for row in books.stamps:
        its = moved[row.account, read_id("stm", row.id).hex]
        wanted = Counter(dict.fromkeys(_STAMP_MOVES[row.state], 1))
        if row.state not in _ENDED:
            yield Finding(kind=Kind.UNRESOLVED, subject=row.id, words=f"still {row.state}")
        if its != wanted:
            kind = Kind.DOUBLED if its - wanted else Kind.LOST
            yield Finding(kind=kind, subject=row.id, words=f"{row.state}, and moved {dict(its)}")


def _orders_filled_once(told: Iterable[Entry], books: Books) -> Iterator[Finding]:
    """Money that the gateway took is credited once, in full; an unpaid order credits nothing."""
    paid = {entry.id for entry in told if entry.told is Told.PAID}
    allotted: Counter[str] = Counter()
    for transfer in books.transfers:
        if transfer.kind == "allot":
            allotted[transfer.ref] += transfer.stamps
    for row in books.orders:
        yield from _order(row, is_paid=row.id in paid, allotted=allotted[read_id("ord", row.id).hex])


def _order(row: OrderRow, *, is_paid: bool, allotted: int) -> Iterator[Finding]:
    if is_paid and row.state != "filled":
        yield Finding(kind=Kind.UNRESOLVED, subject=row.id, words=f"paid for, and still {row.state}")
    wanted = row.stamps if row.state == "filled" else 0
    if allotted != wanted:
        kind = Kind.LOST if allotted < wanted else Kind.DOUBLED
        yield Finding(kind=kind, subject=row.id, words=f"{row.state}: {allotted} credited of {wanted}")


def _documents_unchanged(told: Iterable[Entry], books: Books) -> Iterator[Finding]:
    """What was kept is what was sent, and what was fetched is what stands, each time the same."""
    stands: dict[str, str | None] = {row.id: row.sha256 for row in books.stamps}
    stands |= {row.id: row.sha256 for row in books.documents}
    for entry in told:
        if entry.told in {Told.KEPT, Told.FETCHED} and stands.get(entry.id, entry.fact) != entry.fact:
            words = f"{entry.told} as {entry.fact[:16]}…, stands as {(stands[entry.id] or 'nothing')[:16]}…"
            yield Finding(kind=Kind.LOST, subject=entry.id, words=words)


def _balances_fold(books: Books) -> Iterator[Finding]:
    folds: dict[str, Counter[str]] = defaultdict(Counter)
    for transfer in books.transfers:
        folds[transfer.account][transfer.credit] += transfer.stamps
        folds[transfer.account][transfer.debit] -= transfer.stamps
    balances = {row.account: row for row in books.balances}
    for account in sorted(folds.keys() | balances.keys()):
        wanted = [folds[account][figure] for figure in _FIGURES]
        found = [getattr(balances[account], figure) for figure in _FIGURES] if account in balances else None
        if found != wanted:
            yield Finding(kind=Kind.UNBALANCED, subject=account, words=f"folds to {wanted}, has {found}")


def _serials_once(stamps: Iterable[StampRow]) -> Iterator[Finding]:
    seen = Counter(row.serial_no for row in stamps if row.serial_no is not None)
    for serial_no, count in seen.items():
        if count > 1:
            yield Finding(kind=Kind.DOUBLED, subject=serial_no, words=f"on {count} stamps")
