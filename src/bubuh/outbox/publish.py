"""Publish a fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard
from bubuh.db.pool import Conn
from bubuh.outbox import store


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """A fact to be published."""

    account_id: AccountId
    topic: str
    subject: UUID
    facts: Mapping[str, Any]


async def publish(
    conn: Conn, *, account_id: AccountId, topic: str, subject: UUID, facts: Mapping[str, Any]
) -> bool:
    """Publish in the transaction that makes it true: both or neither. False: it was published before."""
    return await store.publish(conn, account_id=account_id, topic=topic, subject=subject, facts=facts)


async def publish_n(conn: Conn, shard: Shard, facts: Sequence[NewFact]) -> None:
    """Publish many of one shard, with one way there and back; what was published before stays as it is."""
    await store.publish_n(
        conn, shard, [(fact.account_id, fact.topic, fact.subject, dict(fact.facts)) for fact in facts]
    )
