"""Turn what gateways said into rows: money first, then the attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.payments import store
from bubuh.payments.lines import Kind, Unmatched
from bubuh.payments.model import AttemptState, Payment, ReceivedReversal, SettleOutcome, Word
from bubuh.payments.ports import Books
from bubuh.payments.unmatched import list_unmatched

_log = structlog.get_logger(__name__)

RECORDED: Final = "recorded"  #: the outcome of a word without money in it

#: of several payments in one word, the outcome that comes last here is told
_TOLD_LAST: Final = (
    SettleOutcome.ALREADY_DONE,
    SettleOutcome.UNDERPAID,
    SettleOutcome.DONE,
    SettleOutcome.SURPLUS,
    SettleOutcome.CONFLICT,
    SettleOutcome.UNKNOWN,
)
_RISING: Final = tuple(AttemptState)


async def take_in(db: Database, words: Sequence[Word], books: Books) -> list[str]:
    """Credit the money in `words` and record the attempts; one outcome a word: a SettleOutcome or RECORDED.

    Other money than rupiah, and a reversal of what we never had, go on the unmatched list before anything is
    recorded. A crash in between leaves an attempt that is asked about again, and money that does not count
    twice.
    """
    received = [payment for word in words for payment in word.payments()]
    outcomes = iter(await books.settle(received) if received else ())
    told = [[next(outcomes) for _ in word.payments()] for word in words]
    for word, said in zip(words, told, strict=True):
        said += [await _reverse(db, reversal, books) for reversal in word.reversals()]
    await list_unmatched(db, [_strange(word, money) for word in words for money in word.strange_money()])
    by_shard: dict[Shard, list[Word]] = defaultdict(list)
    for word in _furthest(words):
        by_shard[word.attempt.shard].append(word)
    if by_shard:
        await store.record_n.together(db, sorted(by_shard.items()))
    return [_one(said) for said in told]


async def take_in_apart(db: Database, words: Sequence[Word], books: Books) -> list[str | None]:
    """`take_in`, together; and if that fails, each word alone, so that a bad one harms only itself.

    None for a word that failed alone: our own mistake, logged as an error, and to be tried again later.
    """
    try:
        return [*await take_in(db, words, books)]
    except asyncpg.PostgresError:
        if len(words) == 1:
            _log.exception("word_not_taken_in", reference=words[0].attempt.reference)
            return [None]
        return [(await take_in_apart(db, [word], books))[0] for word in words]


async def _reverse(db: Database, reversal: ReceivedReversal, books: Books) -> SettleOutcome:
    outcome = await books.reverse(reversal)
    told_before = outcome is SettleOutcome.CONFLICT
    line = Unmatched(
        kind=Kind.REVERSAL,
        gateway=reversal.gateway,
        subject=f"{reversal.reversal_no} {reversal.amount_idr}",
        why="a reversal was told again with another amount"
        if told_before
        else "a bank took back a payment that was never told",
        suggestion="ask the gateway what it took back",
        account_id=reversal.account_id,
        order_id=reversal.order_id,
        amount=reversal.amount_idr,
    )
    if outcome in {SettleOutcome.CONFLICT, SettleOutcome.UNKNOWN}:
        await list_unmatched(db, [line])
    else:  # it may have come before its payment, and been listed
        await store.match_lines(db, [line])
    return outcome


def _strange(word: Word, money: Payment) -> Unmatched:
    attempt = word.attempt
    return Unmatched(
        kind=Kind.OTHER_CURRENCY,
        gateway=attempt.gateway,
        subject=money.payment_no,
        why=f"paid in {money.currency}",
        suggestion="have the gateway give it back, or credit the order by hand",
        account_id=attempt.account_id,
        order_id=attempt.order_id,
        reference=attempt.reference,
        amount=money.amount,
        currency=money.currency,
    )


def _one(outcomes: Sequence[SettleOutcome]) -> str:
    return max(outcomes, key=_TOLD_LAST.index, default=RECORDED)


def _furthest(words: Sequence[Word]) -> list[Word]:
    """One word an attempt, the one that knows most: a statement changes a row once."""
    best: dict[str, Word] = {}
    for word in words:
        before = best.setdefault(word.attempt.reference, word)
        if _RISING.index(word.charge.state) > _RISING.index(before.charge.state):
            best[word.attempt.reference] = word
    return list(best.values())
