"""Hold all books to all invariants by an operator's wish, and answer what differs."""

from __future__ import annotations

from typing import Final

from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.quota import store
from bubuh.quota.breach import answer, breach_of, close_gone
from bubuh.quota.ports import Revisions
from bubuh.quota.reconcile import Report, reconcile

ACTOR: Final = "reconcile"
MOST_STANDING: Final = 10_000  #: open breaches of one shard


async def look_over(db: Database, *, revisions: Revisions | None, accept_wait_s: float) -> Report:
    """Freeze, audit and page for each new breach; with `revisions`, close those that are gone.

    Without them the documents' bytes are not read, so that what is missing there cannot be found gone.
    """
    report = await reconcile(db, revisions=revisions, accept_wait_s=accept_wait_s)
    await answer(db, report.differences, actor=ACTOR)
    if revisions is not None:
        found = {breach_of(each) for each in report.differences}
        for shard in ALL_SHARDS:
            standing = await store.list_open_breaches(db, shard, found_by=None, at_most=MOST_STANDING)
            await close_gone(db, shard, standing=standing, found=found)
    return report
