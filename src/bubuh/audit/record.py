"""Record an act."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bubuh.audit import store
from bubuh.audit.model import SEPARATOR
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn


async def record(
    conn: Conn, *, account_id: AccountId, act: str, actor: str, facts: Mapping[str, object]
) -> int:
    """Record that `actor` did `act` to an account, in the transaction that does it; the entry's number.

    Acts of one shard wait for each other until they commit, so record last. `facts` are JSON and hold no
    secrets or personal data: an entry cannot be taken back.
    """
    assert SEPARATOR not in act + actor
    text = msgspec.json.encode(dict(facts), order="deterministic").decode()
    return await store.append(conn, account_id=account_id, act=act, actor=actor, facts=text)
