"""A fact that others must hear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account

SEALED: Final = "sealed"  #: of a fact's `facts`: what its hearers alone may open; destroyed once it is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to `subject`: published once per topic, told at least once."""

    account_id: AccountId
    topic: str  #: as `stamp.affixed`
    subject: UUID
    facts: Mapping[str, Any]  #: JSON; what a hearer needs beyond the subject
    published_at: datetime
    attempts: int  #: how often it was taken before

    @property
    def shard(self) -> Shard:
        """The shard of the fact's row."""
        return shard_of_account(self.account_id)
