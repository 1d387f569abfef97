"""Close an API key."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_id
from bubuh.db.pool import Conn
from bubuh.identity import store
from bubuh.identity.refusals import KeyUnknown


async def revoke_key(conn: Conn, *, account_id: AccountId, key_id: UUID, actor: str) -> None:
    """Close a key: from the commit on it opens nothing. Closing it again changes nothing.

    Raises:
        KeyUnknown: the account never had this key.
    """
    if await store.revoke_key(conn, key_id=key_id, account_id=account_id):
        facts = {"key": show_id("key", key_id)}
        await record(conn, account_id=account_id, act="key.revoke", actor=actor, facts=facts)
    elif not await store.has_key(conn, key_id=key_id, account_id=account_id):
        raise KeyUnknown(key_id=key_id)
