"""Publish a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.outbox import store


async def publish(
    conn: Conn, *, account_id: AccountId, topic: str, subject: UUID, facts: Mapping[str, Any]
) -> bool:
    """Publish in the transaction that makes it true: both or neither. False: it was published before."""
    return await store.publish(conn, account_id=account_id, topic=topic, subject=subject, facts=facts)
