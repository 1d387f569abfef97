"""Show complaints: one by its number, an account's own, and those that wait for the desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from bubuh.complaints import store
from bubuh.complaints.model import Complaint
from bubuh.complaints.open import sealed_as
from bubuh.complaints.refusals import ComplaintUnknown
from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey

MOST_LISTED: Final = 100  #: of one account, and of one shard
_NEWEST: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A complaint and what people wrote."""

    complaint: Complaint
    words: str | None = field(repr=False)  #: None: forgotten
    answer: str | None = field(repr=False)  #: None: not given yet, or forgotten


async def find_complaint(
    db: Database, complaint_id: UUID, *, key: PersonKey, account_id: AccountId | None = None
) -> Opened:
    """The complaint of this number; where `account_id` is given, only its own. Raises `ComplaintUnknown`."""
    found = await store.find_complaint(db, complaint_id)
    if found is None or account_id not in {None, found.account_id}:
        raise ComplaintUnknown
    return opened(found, key)


async def list_complaints(
    db: Database, account_id: AccountId, *, before: tuple[datetime, UUID] = _NEWEST
) -> list[Complaint]:
    """The account's, at most 100, newest first, opened before the one of `before` (time, id)."""
    return await store.list_of_account(db, account_id, before=before, at_most=MOST_LISTED)


async def list_open(db: Database) -> list[Complaint]:
    """Those that wait for an answer, at most 100 of a shard, the most urgent first."""
    found = [one for shard in ALL_SHARDS for one in await store.list_open(db, shard, at_most=MOST_LISTED)]
    return sorted(found, key=lambda one: one.answer_by)


def opened(found: Complaint, key: PersonKey) -> Opened:
    """What people wrote in it, unsealed."""
    words, said = found.words_sealed, found.answer_sealed
    return Opened(
        complaint=found,
        words=None if words is None else key.open(words, sealed_as("words", found.id)),
        answer=None if said is None else key.open(said, sealed_as("answer", found.id)),
    )
