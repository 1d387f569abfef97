"""The history of an account, a page at a time, and of one order, moment by moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.history import store
from bubuh.history.model import Entry, Filter, Line, OrderEvent
from bubuh.waitingroom.lanes import Errand

MOST_ROWS: Final = 100  #: of one page
MOST_EVENTS: Final = 200  #: of one order
_AFTER_ALL: Final = 2**63 - 1
_NEWEST: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


async def list_entries(
    db: Database,
    account_id: AccountId,
    wanted: Filter,
    *,
    before: tuple[datetime, UUID] | None = None,
    most: int,
) -> list[Entry]:
    """At most `most` (and 100) rows, newest first, older than the row `before` (time, id)."""
    entries, _ = await list_with_free(db, account_id, wanted, before=before, most=most)
    return entries


async def list_with_free(
    db: Database,
    account_id: AccountId,
    wanted: Filter,
    *,
    before: tuple[datetime, UUID] | None = None,
    most: int,
) -> tuple[list[Entry], int]:
    """The same, and how many stamps the account has free, as of one moment."""
    return await store.list_entries(
        db, account_id, wanted, before=before or _NEWEST, most=min(most, MOST_ROWS)
    )


async def has_open_matter(db: Database, account_id: AccountId) -> bool:
    """Whether money or a stamp is under way: an order not filled, a stamp in work, a refund."""
    return await store.has_open_matter(db, account_id)


async def is_under_way(db: Database, account_id: AccountId, errand: Errand) -> bool:
    """Whether the account has an order that is not filled; or a stamp that is not ended."""
    return await store.is_under_way(db, account_id, errand)


async def list_order_events(db: Database, account_id: AccountId, order_id: UUID) -> list[OrderEvent]:
    """What happened to the account's order, oldest first; nothing of one that is not there."""
    return await store.list_order_events(db, account_id, order_id, most=MOST_EVENTS)


async def list_lines(
    db: Database, account_id: AccountId, *, before: int | None = None, most: int
) -> list[Line]:
    """At most `most` (and 100) moves of the account's stamps, newest first, from below number `before`."""
    return await store.list_lines(
        db, account_id, before=_AFTER_ALL if before is None else before, most=min(most, MOST_ROWS)
    )
