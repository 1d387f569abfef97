"""Read an account's events, from where the reader stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.webhooks import store
from bubuh.webhooks.model import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A part of a feed."""

    events: Sequence[Event]  #: the oldest first
    gone: int  #: events between the reader's last and these that are kept no longer


async def read_feed(db: Database, account_id: AccountId, *, after_no: int, at_most: int) -> Reading:
    """Up to `at_most` events after the number `after_no`.

    What is committed has all below it committed: who goes on from the last number they saw misses nothing.
    """
    last_no = await store.find_last_no(db, account_id)  # first: what comes meanwhile is not gone
    events = await store.list_events(db, account_id, after_no=after_no, at_most=at_most)
    first_no = events[0].no if events else last_no + 1
    return Reading(events=events, gone=max(0, first_no - after_no - 1))
