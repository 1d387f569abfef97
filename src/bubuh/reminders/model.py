"""A reminder: one person's wish to be told of one number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """For one lane a person has one, for each account they act for."""

    account_id: AccountId
    user_id: UUID
    lane: int
    number: int
    place: int | None  #: where it stands; None: not drawn yet
    language: str
    asked_at: datetime
    expires_at: datetime  #: with the turn
    told_at: datetime | None

    @property
    def shard(self) -> Shard:
        """The shard of its row."""
        return shard_of_account(self.account_id)
