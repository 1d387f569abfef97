"""Hold the books to their invariants while they are written: every few seconds, in what moved since.

A pass over a shard asks about the accounts whose stamps moved since the pass before, and now and then about
the next of a walk past all accounts, whose rows somebody may have changed by hand. Of an account with many
transfers it asks about what moved, and believes the fold of what came before. What it cannot see so (an old
row of such an account, an old entry of the audit, a leaf of no stamp) the full reconciliation sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from bubuh.audit.model import Head, first_hash
from bubuh.audit.verify import verify_since
from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.pool import Database
from bubuh.quota import store
from bubuh.quota.breach import answer, breach_of, close_gone
from bubuh.quota.invariants import LATE, Difference, Invariant, Scope
from bubuh.quota.model import Moved, Watch
from bubuh.quota.reconcile import altered, ask

EVERY_S: Final = 10.0
MOST_MOVED: Final = 5_000  #: transfers of one shard a pass; the rest is the next one's
PATROL_EVERY_S: Final = 300.0
PATROLLED: Final = 200  #: accounts of one shard a time
MOST_ENTRIES: Final = 1_000  #: of the audit, of one shard a pass
MOST_STANDING: Final = 100  #: open breaches of one shard that a pass asks about again
MANY: Final = 1_000  #: transfers beyond its fold, from which an account is folded
ACTOR: Final = "watch"
_BY_ACCOUNT: Final = tuple(
    invariant for invariant in Invariant if invariant not in {*LATE, Invariant.AUDIT_CHAIN_WHOLE}
)

_ASKED = Counter("bubuh_ledger_accounts_asked", "Accounts whose books were held to their invariants")
_SECONDS = Histogram("bubuh_ledger_pass_seconds", "A pass over one shard that had something to ask")
_OPEN = Gauge("bubuh_ledger_breaches_open", "Breaches found by the last pass of a shard", ["shard"])


async def watch_shard(
    db: Database,
    shard: Shard,
    *,
    accept_wait_s: float,
    every_s: float = EVERY_S,
    patrol_every_s: float = PATROL_EVERY_S,
) -> list[Difference]:
    """One pass over a shard, answered: what differs. Nothing where another worker has just passed."""
    watch = await store.take_watch(db, shard, every_s=every_s * 0.9, patrol_every_s=patrol_every_s)
    if watch is None:
        return []
    with _SECONDS.time():
        return await _pass(db, shard, watch, accept_wait_s)


async def _pass(db: Database, shard: Shard, watch: Watch, accept_wait_s: float) -> list[Difference]:
    moved = await store.list_moved(db, shard, read_to=watch.read_to, at_most=MOST_MOVED)
    patrolled = await _patrolled(db, shard, watch)
    standing = await store.list_open_breaches(db, shard, found_by=ACTOR, at_most=MOST_STANDING)
    accounts = {*patrolled, *(each.account_id for each in moved), *(each.account_id for each in standing)}
    folded = set(await store.list_folded(db, shard, sorted(accounts)))
    breaks, audited = await verify_since(db, shard, _audited(shard, watch), at_most=MOST_ENTRIES)
    differences = [
        *await _ask_accounts(db, shard, moved, whole=accounts - folded, folded=folded),
        *await _ask_late(db, shard, accept_wait_s),
        *map(altered, breaks),
    ]
    await answer(db, differences, actor=ACTOR)
    again = [each for each in standing if each.account_id not in folded]
    await close_gone(db, shard, standing=again, found={breach_of(each) for each in differences})
    await store.fold(db, shard, sorted({each.account_id for each in moved}), least=MANY)
    await store.end_pass(
        db,
        shard,
        Watch(
            read_to=_read_to(watch, moved),
            patrol_after=_patrol_after(watch, patrolled),
            audit_no=audited.no,
            audit_hash=audited.hash,
            is_patrol_due=watch.is_patrol_due,
        ),
    )
    _ASKED.inc(len(accounts))
    _OPEN.labels(str(shard)).set(len(differences))
    return differences


async def _patrolled(db: Database, shard: Shard, watch: Watch) -> list[AccountId]:
    if not watch.is_patrol_due:
        return []
    return await store.list_patrolled(db, shard, after=watch.patrol_after, at_most=PATROLLED)


def _patrol_after(watch: Watch, patrolled: Sequence[AccountId]) -> AccountId:
    if not watch.is_patrol_due:
        return watch.patrol_after
    return patrolled[-1] if len(patrolled) == PATROLLED else AccountId(0)


def _read_to(watch: Watch, moved: Sequence[Moved]) -> datetime:
    """Where the next pass begins. A pass that was cut may have cut one moment's transfers in two."""
    if not moved:
        return watch.read_to
    cut = timedelta(microseconds=1) if len(moved) == MOST_MOVED else timedelta()
    return moved[-1].settled - cut


async def watch_all(db: Database, *, accept_wait_s: float) -> None:
    """One pass over every shard."""
    for shard in ALL_SHARDS:
        await watch_shard(db, shard, accept_wait_s=accept_wait_s)


async def _ask_accounts(
    db: Database, shard: Shard, moved: Sequence[Moved], *, whole: set[AccountId], folded: set[AccountId]
) -> list[Difference]:
    scopes = []
    if whole:
        scopes.append(Scope(account_ids=sorted(whole)))
    if folded:
        ids = sorted({each.ref for each in moved if each.account_id in folded})
        scopes.append(Scope(account_ids=sorted(folded), ids=ids, by_folds=True))
    return [
        difference
        for scope in scopes
        for invariant in _BY_ACCOUNT
        for difference in await _ask(db, invariant, shard, scope)
    ]


async def _ask(db: Database, invariant: Invariant, shard: Shard, scope: Scope) -> list[Difference]:
    """The breaches in `scope`. What a fold tells of is asked again without it: it may be wrong."""
    found = await ask(db, invariant, shard, scope)
    if not found or invariant is not Invariant.CONSERVATION or not scope.by_folds:
        return found
    suspects = sorted({each.account_id for each in found if each.account_id is not None})
    await store.unfold(db, shard, suspects)
    return await ask(db, invariant, shard, Scope(account_ids=suspects, ids=scope.ids))


async def _ask_late(db: Database, shard: Shard, accept_wait_s: float) -> list[Difference]:
    scope = Scope(accept_wait_s=accept_wait_s)
    return [each for invariant in sorted(LATE) for each in await ask(db, invariant, shard, scope)]


def _audited(shard: Shard, watch: Watch) -> Head:
    return Head(shard=shard, no=watch.audit_no, hash=watch.audit_hash or first_hash(shard))
