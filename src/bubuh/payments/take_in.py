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
from bubuh.payments.model import AttemptState, SettleOutcome, Word
from bubuh.payments.ports import Settle

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


async def take_in(db: Database, words: Sequence[Word], settle: Settle) -> list[str]:
    """Credit the money in `words` and record the attempts; one outcome a word: a SettleOutcome or RECORDED.

    A crash in between leaves an attempt that is asked about again, and money that does not count twice.
    """
    received = [payment for word in words for payment in word.payments()]
    outcomes = iter(await settle(received) if received else ())
    told = [_one([next(outcomes) for _ in word.charge.payments]) for word in words]
    by_shard: dict[Shard, list[Word]] = defaultdict(list)
    for word in _furthest(words):
        by_shard[word.attempt.shard].append(word)
    for shard, group in by_shard.items():
        await store.record_n(db, shard, group)
    return told


async def take_in_apart(db: Database, words: Sequence[Word], settle: Settle) -> list[str | None]:
    """`take_in`, together; and if that fails, each word alone, so that a bad one harms only itself.

    None for a word that failed alone: our own mistake, logged as an error, and to be tried again later.
    """
    try:
        return [*await take_in(db, words, settle)]
    except asyncpg.PostgresError:
        if len(words) == 1:
            _log.exception("word_not_taken_in", reference=words[0].attempt.reference)
            return [None]
        return [(await take_in_apart(db, [word], settle))[0] for word in words]


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
