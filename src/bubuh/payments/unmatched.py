"""The unmatched list: money and words that no rule can end, open until somebody or something explains them.

Whoever finds such a thing (the inbox, settling, a refund, the match with a settlement file) lists it here,
once by (kind, gateway, subject) however often it is found. A later word that explains it resolves it by
itself; the rest is an operator's, by `bubuh payments resolve`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from bubuh.audit.record import record
from bubuh.core.ids import shard_of_id, show_id
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.payments import store
from bubuh.payments.lines import LINE, Line, Resolution, Unmatched
from bubuh.payments.refusals import LineResolved, LineUnknown, ResolutionUnexplained

_log = structlog.get_logger(__name__)

MOST_LETTERS: Final = 500  #: of a reason


async def list_unmatched(db: Database, found: Sequence[Unmatched]) -> int:
    """`keep_unmatched` for a process that nobody watches: what is new is logged."""
    new = await keep_unmatched(db, found)
    if new:
        _log.warning("unmatched", lines=new, kinds=sorted({str(each.kind) for each in found}))
    return new


async def keep_unmatched(db: Database, found: Sequence[Unmatched]) -> int:
    """Put `found` on the list; how many are new. Once more changes nothing: a resolved line stays so."""
    by_shard: dict[Shard, list[Unmatched]] = defaultdict(list)
    for each in found:
        by_shard[shard_of_account(each.owner)].append(each)
    new = 0
    for shard, group in by_shard.items():
        new += await store.list_unmatched_n(db, shard, group)
    return new


async def show_unmatched(db: Database, *, at_most_a_shard: int = 1_000) -> list[Line]:
    """The open lines, the oldest first."""
    lines: list[Line] = []
    for shard in ALL_SHARDS:
        lines += await store.open_lines(db, shard, at_most=at_most_a_shard)
    return sorted(lines, key=lambda line: line.listed_at)


async def resolve_line(conn: Conn, line_id: UUID, *, resolution: Resolution, reason: str, actor: str) -> None:
    """An operator ends a line, with a reason, audited; to be called in a transaction.

    Raises:
        ResolutionUnexplained: the reason says nothing, or is longer than MOST_LETTERS.
        LineUnknown: there is no such line.
        LineResolved: it was resolved before.
    """
    if not 1 <= len(reason.strip()) <= MOST_LETTERS:
        raise ResolutionUnexplained(most=MOST_LETTERS)
    shard = shard_of_id(line_id)
    outcome = await store.resolve_line(
        conn, shard, line_id, resolution=str(resolution), reason=reason, actor=actor
    )
    if outcome == "unknown":
        raise LineUnknown
    if outcome == "already_done":
        raise LineResolved
    facts = {"line": show_id(LINE, line_id), "resolution": str(resolution), "reason": reason}
    await record(
        conn,
        account_id=await store.owner_of_line(conn, shard, line_id),
        act="payments.resolve",
        actor=actor,
        facts=facts,
    )
