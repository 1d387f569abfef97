"""A difference in the books: its account is frozen, it is written down, somebody is called.

Once for each breach, however often it is found; again when it was gone in between. An operator who thaws an
account while its breach is open has decided so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import structlog
from prometheus_client import Counter

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, fresh_id
from bubuh.core.shards import SHARDS, Shard, shard_of_account
from bubuh.db.pool import Database
from bubuh.outbox.publish import publish
from bubuh.quota import store
from bubuh.quota.freeze import freeze_now
from bubuh.quota.invariants import LATE, Difference
from bubuh.quota.model import Breach

_log = structlog.get_logger(__name__)
_FOUND = Counter(
    "bubuh_ledger_breaches", "Breaches of invariants found, each once while it is open", ["invariant"]
)
_GONE = Counter(
    "bubuh_ledger_breaches_gone", "Breaches of invariants that were gone at a later look", ["invariant"]
)

BREACHED: Final = "ledger.breached"  #: the topic that pages an operator
MOST_ANSWERED: Final = 100  #: of one pass; the others are found again by the next


async def answer(db: Database, differences: Sequence[Difference], *, actor: str) -> int:
    """Freeze, audit and page for each breach that was not open; how many these were."""
    opened = 0
    for breach, difference in list(_breaches(differences).items())[:MOST_ANSWERED]:
        opened += await _open(db, breach, difference, actor)
    return opened


async def close_gone(
    db: Database, shard: Shard, *, standing: Iterable[Breach], found: Collection[Breach]
) -> int:
    """Close those of `standing`, breaches of a shard that were asked about again, that are not `found`."""
    gone = [breach for breach in standing if breach not in found]
    for breach in gone:
        await store.close_breach(db, shard, breach)
        _GONE.labels(breach.invariant).inc()
        _log.info("breach_gone", invariant=breach.invariant, subject=breach.subject)
    return len(gone)


def breach_of(difference: Difference) -> Breach:
    """What stays the same of a difference from one look to the next. What is late is one breach a shard."""
    if difference.invariant in LATE:
        return Breach(
            account_id=_nobody(difference.shard), invariant=difference.invariant, subject="late", is_late=True
        )
    account_id = difference.account_id
    return Breach(
        account_id=_nobody(difference.shard) if account_id is None else account_id,
        invariant=difference.invariant,
        subject=difference.subject,
        is_late=False,
    )


def _nobody(shard: Shard) -> AccountId:
    """In place of an account, where none can be named: no account has an id so small."""
    return AccountId(shard)


def _breaches(differences: Sequence[Difference]) -> dict[Breach, Difference]:
    found: dict[Breach, Difference] = {}
    for difference in differences:
        found.setdefault(breach_of(difference), difference)
    return found


async def _open(db: Database, breach: Breach, difference: Difference, actor: str) -> bool:
    """All of it in one transaction: a breach that is open was answered."""
    account_id = breach.account_id
    facts = {
        "invariant": str(breach.invariant),
        "subject": difference.subject,
        "expected": difference.expected,
        "found": difference.found,
    }
    async with db.transaction() as conn:
        if not await store.open_breach(
            conn,
            shard_of_account(account_id),
            breach,
            expected=difference.expected,
            found=difference.found,
            found_by=actor,
        ):
            return False
        if account_id >= SHARDS:
            await freeze_now(conn, account_id=account_id, reason=f"breach of {breach.invariant}", actor=actor)
        subject = fresh_id(account_id)
        await publish(conn, account_id=account_id, topic=BREACHED, subject=subject, facts=facts)
        await record(conn, account_id=account_id, act="ledger.breach", actor=actor, facts=facts)
    _FOUND.labels(breach.invariant).inc()
    return True
