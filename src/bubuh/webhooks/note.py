"""Note what happened to accounts that have webhooks, in the commit that takes the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Conn
from bubuh.outbox.model import Fact
from bubuh.webhooks import store
from bubuh.webhooks.model import EVENTS, event_of


async def note_events(conn: Conn, shard: Shard, facts: Sequence[Fact]) -> int:
    """Write the events that these facts of one shard are to their accounts' programs; how many.

    To be called with facts that the caller's transaction has locked and takes or closes. Of these, those
    that nobody took before are noted: so each fact once, however often it is told. An account without a
    webhook costs one look for all.
    """
    of_accounts: dict[AccountId, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.topic in EVENTS and fact.attempts == 0:
            of_accounts[fact.account_id].append(fact)
    if not of_accounts:
        return 0
    feeds = await store.lock_feeds(conn, shard, sorted(of_accounts))
    events = [
        event_of(fact, no=no)
        for account_id, last_no in feeds.items()
        for no, fact in enumerate(sorted(of_accounts[account_id], key=_as_happened), start=last_no + 1)
    ]
    if events:
        await store.write_events(conn, shard, events)
    return len(events)


def _as_happened(fact: Fact) -> tuple[object, ...]:
    return fact.published_at, fact.topic, fact.subject
