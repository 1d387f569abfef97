"""Show what an account has."""

from __future__ import annotations

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.quota import store
from bubuh.quota.model import Balance


async def show_quota(where: Conn | Database, account_id: AccountId) -> Balance:
    """What the account has now; nothing when it never had a stamp, whether it exists or not."""
    found = await store.find_balance(where, account_id)
    return found or Balance(free=0, held=0, used=0, in_transit=0, frozen=False)
